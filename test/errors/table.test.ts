import { describe, expect, it } from '@jest/globals'
import type { ErrorEntry } from '../../src/errors/error-entry.js'
import { fixForNetworkCode, NETWORK_ERRORS } from '../../src/errors/network-errors.js'
import {
  CLIENT_FIXES,
  OTHER_METHOD_FIXES,
  isRefusal,
  OAUTH_ERRORS,
  registeredError,
} from '../../src/errors/oauth-errors.js'
import { LOGIN_REQUIRED_REASONS } from '../../src/errors/table-login.js'
import { ERRORS, pageOf } from '../../src/errors/table.js'
import type { ErrorCode } from '../../src/errors/table.js'
import * as library from '../../src/index.js'
import type { AuthorizationCodeFlowError, LoginRequiredReason } from '../../src/index.js'

const entries = Object.entries<ErrorEntry>(ERRORS) as [ErrorCode, ErrorEntry][]

/** One error of each code. */
const EXAMPLES: Readonly<Record<ErrorCode, AuthorizationCodeFlowError>> = {
  ERR_SESSION_COOKIE_MISSING: new library.PendingLoginError('ERR_SESSION_COOKIE_MISSING'),
  ERR_SESSION_LOST: new library.PendingLoginError('ERR_SESSION_LOST'),
  ERR_PENDING_LOGIN_UNKNOWN: new library.PendingLoginError('ERR_PENDING_LOGIN_UNKNOWN'),
  ERR_PENDING_LOGIN_EXPIRED: new library.PendingLoginError('ERR_PENDING_LOGIN_EXPIRED'),
  ERR_PENDING_LOGIN_USED: new library.PendingLoginError('ERR_PENDING_LOGIN_USED'),
  ERR_AUTHORIZATION_RESPONSE: new library.AuthorizationResponseError('wrong'),
  ERR_AUTHENTICATION_REQUIREMENTS: new library.AuthenticationRequirementsError({
    maxAgeSeconds: 60,
  }),
  ERR_LOGIN_REQUIRED: new library.LoginRequiredError('no_tokens'),
  ERR_STEP_UP_REQUIRED: new library.StepUpRequiredError({ scope: ['files'] }, 'insufficient_scope'),
  ERR_CONNECTION_REQUIRED: new library.ConnectionRequiredError('not_connected', {
    resource: 'https://api.partner.example/',
    connectURL: 'https://your-app.com/connect/login',
  }),
  ERR_NOT_CONNECTABLE: new library.NotConnectableError('address', 'The address must be HTTPS.'),
  ERR_ANOTHER_PERSON: new library.AnotherPersonError(),
  ERR_CROSS_SITE_REQUEST: new library.CrossSiteRequestError(),
  ERR_TWO_SESSIONS: new library.CrossSiteRequestError('ERR_TWO_SESSIONS'),
  ERR_LOGOUT_RESPONSE: new library.LogoutResponseError(),
  ERR_CONFIGURATION: new library.ConfigurationError('wrong'),
  ERR_TOKEN_ENDPOINT: new library.TokenEndpointError('wrong', { phase: 'exchange' }),
  ERR_PUSHED_AUTHORIZATION_REQUEST: new library.PushedAuthorizationRequestError('wrong', {
    phase: 'push',
  }),
  ERR_PROFILE: new library.ProfileError('wrong', { phase: 'profile' }),
  ERR_RESOURCE: new library.ResourceError('wrong', { phase: 'resource' }),
  ERR_DISCOVERY: new library.DiscoveryError('wrong', { phase: 'discovery' }),
  ERR_LOGOUT_TOKEN: new library.LogoutTokenError('it has a nonce'),
  ERR_LOGOUT_UNFINISHED: new library.LogoutTokenError('they go on', 'ERR_LOGOUT_UNFINISHED'),
  ERR_STORAGE: new library.StorageError('Reading', new Error('away')),
}

describe.each(entries)('%s', (code, entry) => {
  const error = EXAMPLES[code]

  it('is the code of the class that the table names, with the facts that it has', () => {
    expect(error.code).toBe(code)
    expect(error.name).toBe(entry.class)
    expect(error).toBeInstanceOf(library[entry.class as 'AuthorizationCodeError'])
    expect([entry.status].flat()).toContain(error.status)
    expect([entry.fault].flat()).toContain(error.fault)
    expect([error.retryable, 'depends']).toContain(entry.retryable)
  })

  it('has status, statusCode and expose as errors of http-errors have them', () => {
    expect(error.statusCode).toBe(error.status)
    expect(error.expose).toBe(error.status < 500)
  })

  it('has whole sentences, and words for the browser exactly if the person can correct it', () => {
    for (const text of [entry.message, entry.cause, entry.fix]) expect(text).toMatch(/^.+[.:]$/)
    expect(pageOf(code) !== undefined).toBe([entry.fault].flat().includes('browser'))
  })

  it('has links and Markdown only where they are rendered', () => {
    expect(entry.fix).not.toMatch(/\]\(/)
    expect([entry.message, entry.page?.title, entry.page?.text].join()).not.toMatch(/[`*]|\]\(/)
  })
})

it('a code that is not in the table has no words for the browser', () => {
  expect([pageOf('ERR_OTHER'), pageOf('toString')]).toEqual([undefined, undefined])
})

it.each(Object.keys(LOGIN_REQUIRED_REASONS) as LoginRequiredReason[])(
  'a LoginRequiredError of reason %s says it in its message',
  (reason) => {
    const { message } = new library.LoginRequiredError(reason)
    expect(message).toBe(LOGIN_REQUIRED_REASONS[reason].message)
  },
)

it.each<[LoginRequiredReason, string]>([
  ['grant_ended', "(strategy 'google', by account)"],
  ['no_tokens', "(No grant of this account and the strategy 'google' is stored."],
])(
  'a LoginRequiredError for an account names the strategy, by which grants are found: %s',
  (reason, expected) => {
    const { message, strategy } = new library.LoginRequiredError(reason, 'google')
    expect(message).toContain(expected)
    expect(strategy).toBe('google')
  },
)

describe.each([...OAUTH_ERRORS])('the OAuth error %s', (error, { from, status, retryable }) => {
  const expected = status === 'refused' ? 502 : status

  it('in a callback has the status of the table, if it belongs there', () => {
    const made = new library.AuthorizationResponseError('wrong', { error })
    const isExpected = from.includes('authorization')
    expect(made.status).toBe(isExpected ? expected : 502)
    expect(made.retryable).toBe(isExpected && retryable === true)
    expect(isRefusal(error)).toBe(status === 'refused')
  })

  it('from the token endpoint has the status of the table, if it belongs there', () => {
    const facts = { phase: 'exchange', httpStatus: 400, error }
    const made = new library.TokenEndpointError('wrong', facts)
    expect(made.status).toBe(from.includes('token') ? expected : 502)
    expect(made.retryable).toBe(false)
  })

  it('changes nothing about the status of a provider that has failed', () => {
    const facts = { phase: 'exchange', error }
    const statuses = [500, 503, 429].map(
      (httpStatus) => new library.TokenEndpointError('wrong', { ...facts, httpStatus }).status,
    )
    expect(statuses).toEqual([502, 503, 503])
  })
})

describe('an OAuth error that is not in the table', () => {
  it.each(['invalid_code', 'toString', '__proto__'])('is the provider’s own: %s', (error) => {
    const facts = { phase: 'exchange', httpStatus: 400, error }
    const made = [
      new library.AuthorizationResponseError('wrong', { error }),
      new library.TokenEndpointError('wrong', facts),
    ]
    for (const one of made) expect(one).toMatchObject({ status: 502, fault: 'provider' })
    expect([isRefusal(error), registeredError(error)]).toEqual([false, undefined])
  })
})

it('may be quoted as it is only if a specification defines it', () => {
  expect(['invalid_grant', 'invalid_redirect_uri', 7].map(registeredError)).toEqual([
    'invalid_grant',
    undefined,
    undefined,
  ])
})

it('every fix is a whole sentence without links, network codes that are not in the table included', () => {
  const fixes = [
    ...[...OAUTH_ERRORS.values(), ...NETWORK_ERRORS.values()].flatMap((one) => [
      one.meaning,
      one.fix,
    ]),
    ...Object.values(CLIENT_FIXES),
    ...Object.values(OTHER_METHOD_FIXES),
    fixForNetworkCode('EOTHER'),
  ]
  for (const fix of fixes) expect(fix).toMatch(/^[^[]+\.$/)
})
