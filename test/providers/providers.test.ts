import { generateKeyPairSync } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { jwtVerify } from 'jose'
import {
  apple,
  auth0,
  discord,
  github,
  gitlab,
  google,
  keycloak,
  linkedin,
  microsoft,
  okta,
  salesforce,
  slack,
} from '../../src/index.js'
import type { ClientSecret, ProviderOptions, Verify } from '../../src/index.js'
import { advanceClock } from '../support/clock.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { startProvidersElsewhere } from '../support/providers-elsewhere.js'
import type { ProvidersElsewhere } from '../support/providers-elsewhere.js'
import { renewedToken } from '../support/renewed-token.js'

const TENANT = '00000000-1111-2222-3333-444444444444'
const appleKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** A provider, and what its documentation says it asks and answers. */
interface Row {
  readonly options: ProviderOptions & { readonly clientSecret?: ClientSecret }
  /** The authorization request's parameters, beside those that every request has. */
  readonly asks: Readonly<Record<string, string>>
  readonly pkce: boolean
  /** Members of the token response, beside `access_token` and `token_type`. */
  readonly tokens: Readonly<Record<string, unknown>>
  /** The profile document, or without a profile endpoint the claims of the ID token. */
  readonly person: Readonly<Record<string, unknown>>
  readonly becomes: {
    readonly id: string
    readonly displayName?: string
    readonly emails?: readonly { readonly value: string }[]
    readonly emailVerified?: boolean
  }
  /** How a code that is not good is refused: status and body. */
  readonly refusal: readonly [number, object]
}

const openId = { scope: 'openid profile email' }
const ada = { sub: 'ada-1', name: 'Ada Lovelace', email: 'ada@example.com' }
const becomesAda = {
  id: 'ada-1',
  displayName: 'Ada Lovelace',
  emails: [{ value: 'ada@example.com' }],
}
const invalidGrant = [400, { error: 'invalid_grant', error_description: 'Bad.' }] as const
const standard = { tokens: { expires_in: 3600 }, person: ada, becomes: becomesAda }

const ROWS = {
  apple: {
    options: apple({
      clientID: 'client-1',
      teamID: 'TEAM',
      keyID: 'KEY',
      privateKey: appleKey.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    }),
    asks: { scope: 'openid name email', response_mode: 'form_post' },
    pkce: false,
    tokens: { expires_in: 3600, refresh_token: 'refresh-1' },
    person: { sub: '000792.d7', email: 'ada@privaterelay.example', email_verified: 'true' },
    becomes: {
      id: '000792.d7',
      emails: [{ value: 'ada@privaterelay.example' }],
      emailVerified: true,
    },
    refusal: invalidGrant,
  },
  auth0: {
    options: auth0('https://tenant.eu.auth0.com'),
    asks: openId,
    pkce: true,
    ...standard,
    refusal: [403, { error: 'invalid_grant', error_description: 'Invalid authorization code' }],
  },
  discord: {
    options: discord,
    asks: { scope: 'identify' },
    pkce: true,
    tokens: { expires_in: 604800, refresh_token: 'refresh-1', scope: 'identify' },
    person: {
      id: '80351110224678912',
      username: 'ada',
      global_name: 'Ada',
      email: 'ada@example.com',
      verified: false,
    },
    becomes: {
      id: '80351110224678912',
      displayName: 'Ada',
      emails: [{ value: 'ada@example.com' }],
      emailVerified: false,
    },
    refusal: invalidGrant,
  },
  github: {
    options: github,
    asks: { scope: 'read:user' },
    pkce: true,
    tokens: { scope: 'read:user,user:email' },
    person: { id: 1, login: 'ada', name: null, email: 'ada@example.com' },
    becomes: { id: '1', displayName: 'ada', emails: [{ value: 'ada@example.com' }] },
    refusal: [200, { error: 'bad_verification_code', error_description: 'Incorrect or expired.' }],
  },
  gitlab: {
    options: gitlab(),
    asks: openId,
    pkce: true,
    ...standard,
    tokens: { expires_in: 7200, refresh_token: 'refresh-1' },
    refusal: invalidGrant,
  },
  google: {
    options: google,
    asks: { scope: 'openid email profile', access_type: 'offline' },
    pkce: true,
    ...standard,
    refusal: invalidGrant,
  },
  keycloak: {
    options: keycloak('https://login.example.com/realms/one/'),
    asks: openId,
    pkce: true,
    ...standard,
    tokens: { expires_in: 300, refresh_token: 'refresh-1', refresh_expires_in: 1800 },
    refusal: invalidGrant,
  },
  linkedin: {
    options: linkedin,
    asks: openId,
    pkce: false,
    ...standard,
    tokens: { expires_in: 5184000, scope: 'email,openid,profile' },
    refusal: [400, { error: 'invalid_request', error_description: 'Unable to retrieve.' }],
  },
  'microsoft of one tenant': {
    options: microsoft(TENANT),
    asks: openId,
    pkce: true,
    ...standard,
    refusal: [400, { error: 'invalid_grant', error_codes: [70000] }],
  },
  'microsoft of all tenants': {
    options: microsoft('common'),
    asks: openId,
    pkce: true,
    ...standard,
    refusal: [400, { error: 'invalid_grant', error_codes: [70000] }],
  },
  'okta, custom authorization server': {
    options: okta('https://org.okta.com/oauth2/default'),
    asks: openId,
    pkce: true,
    ...standard,
    refusal: invalidGrant,
  },
  'okta, of the organization': {
    options: okta('https://org.okta.com'),
    asks: openId,
    pkce: true,
    ...standard,
    refusal: invalidGrant,
  },
  salesforce: {
    options: salesforce(),
    asks: openId,
    pkce: true,
    tokens: { id: 'https://login.salesforce.com/id/1/2', issued_at: '1', refresh_token: 'r' },
    person: { ...ada, sub: 'https://login.salesforce.com/id/1/2', user_id: '2' },
    becomes: { ...becomesAda, id: 'https://login.salesforce.com/id/1/2' },
    refusal: invalidGrant,
  },
  slack: {
    options: slack,
    asks: openId,
    pkce: false,
    tokens: { ok: true },
    person: { ok: true, ...ada, 'https://slack.com/user_id': 'ada-1' },
    becomes: becomesAda,
    refusal: [200, { ok: false, error: 'invalid_code' }],
  },
} satisfies Readonly<Record<string, Row>>

/** Written out: what is compared with the constants themselves would be right whatever they say. */
const ADDRESSES: Readonly<Record<keyof typeof ROWS, Readonly<Record<string, string>>>> = {
  apple: {
    issuer: 'https://appleid.apple.com',
    authorizationURL: 'https://appleid.apple.com/auth/authorize',
    tokenURL: 'https://appleid.apple.com/auth/token',
    revocationURL: 'https://appleid.apple.com/auth/revoke',
    jwksURL: 'https://appleid.apple.com/auth/keys',
  },
  auth0: {
    issuer: 'https://tenant.eu.auth0.com/',
    authorizationURL: 'https://tenant.eu.auth0.com/authorize',
    tokenURL: 'https://tenant.eu.auth0.com/oauth/token',
    profileURL: 'https://tenant.eu.auth0.com/userinfo',
    revocationURL: 'https://tenant.eu.auth0.com/oauth/revoke',
    endSessionURL: 'https://tenant.eu.auth0.com/oidc/logout',
    jwksURL: 'https://tenant.eu.auth0.com/.well-known/jwks.json',
  },
  discord: {
    issuer: 'https://discord.com',
    authorizationURL: 'https://discord.com/oauth2/authorize',
    tokenURL: 'https://discord.com/api/oauth2/token',
    profileURL: 'https://discord.com/api/users/@me',
    revocationURL: 'https://discord.com/api/oauth2/token/revoke',
  },
  github: {
    authorizationURL: 'https://github.com/login/oauth/authorize',
    tokenURL: 'https://github.com/login/oauth/access_token',
    profileURL: 'https://api.github.com/user',
  },
  gitlab: {
    issuer: 'https://gitlab.com',
    authorizationURL: 'https://gitlab.com/oauth/authorize',
    tokenURL: 'https://gitlab.com/oauth/token',
    profileURL: 'https://gitlab.com/oauth/userinfo',
    revocationURL: 'https://gitlab.com/oauth/revoke',
    jwksURL: 'https://gitlab.com/oauth/discovery/keys',
  },
  google: {
    issuer: 'https://accounts.google.com',
    authorizationURL: 'https://accounts.google.com/o/oauth2/v2/auth',
    tokenURL: 'https://oauth2.googleapis.com/token',
    profileURL: 'https://openidconnect.googleapis.com/v1/userinfo',
    revocationURL: 'https://oauth2.googleapis.com/revoke',
    jwksURL: 'https://www.googleapis.com/oauth2/v3/certs',
  },
  keycloak: {
    issuer: 'https://login.example.com/realms/one',
    authorizationURL: 'https://login.example.com/realms/one/protocol/openid-connect/auth',
    tokenURL: 'https://login.example.com/realms/one/protocol/openid-connect/token',
    profileURL: 'https://login.example.com/realms/one/protocol/openid-connect/userinfo',
    revocationURL: 'https://login.example.com/realms/one/protocol/openid-connect/revoke',
    endSessionURL: 'https://login.example.com/realms/one/protocol/openid-connect/logout',
    jwksURL: 'https://login.example.com/realms/one/protocol/openid-connect/certs',
  },
  linkedin: {
    authorizationURL: 'https://www.linkedin.com/oauth/v2/authorization',
    tokenURL: 'https://www.linkedin.com/oauth/v2/accessToken',
    profileURL: 'https://api.linkedin.com/v2/userinfo',
  },
  'microsoft of one tenant': {
    issuer: 'https://login.microsoftonline.com/00000000-1111-2222-3333-444444444444/v2.0',
    authorizationURL:
      'https://login.microsoftonline.com/00000000-1111-2222-3333-444444444444/oauth2/v2.0/authorize',
    tokenURL:
      'https://login.microsoftonline.com/00000000-1111-2222-3333-444444444444/oauth2/v2.0/token',
    profileURL: 'https://graph.microsoft.com/oidc/userinfo',
    endSessionURL:
      'https://login.microsoftonline.com/00000000-1111-2222-3333-444444444444/oauth2/v2.0/logout',
    jwksURL:
      'https://login.microsoftonline.com/00000000-1111-2222-3333-444444444444/discovery/v2.0/keys',
  },
  'microsoft of all tenants': {
    authorizationURL: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
    tokenURL: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
    profileURL: 'https://graph.microsoft.com/oidc/userinfo',
    endSessionURL: 'https://login.microsoftonline.com/common/oauth2/v2.0/logout',
  },
  'okta, custom authorization server': {
    issuer: 'https://org.okta.com/oauth2/default',
    authorizationURL: 'https://org.okta.com/oauth2/default/v1/authorize',
    tokenURL: 'https://org.okta.com/oauth2/default/v1/token',
    profileURL: 'https://org.okta.com/oauth2/default/v1/userinfo',
    revocationURL: 'https://org.okta.com/oauth2/default/v1/revoke',
    endSessionURL: 'https://org.okta.com/oauth2/default/v1/logout',
    jwksURL: 'https://org.okta.com/oauth2/default/v1/keys',
  },
  'okta, of the organization': {
    issuer: 'https://org.okta.com',
    authorizationURL: 'https://org.okta.com/oauth2/v1/authorize',
    tokenURL: 'https://org.okta.com/oauth2/v1/token',
    profileURL: 'https://org.okta.com/oauth2/v1/userinfo',
    revocationURL: 'https://org.okta.com/oauth2/v1/revoke',
    endSessionURL: 'https://org.okta.com/oauth2/v1/logout',
    jwksURL: 'https://org.okta.com/oauth2/v1/keys',
  },
  salesforce: {
    issuer: 'https://login.salesforce.com',
    authorizationURL: 'https://login.salesforce.com/services/oauth2/authorize',
    tokenURL: 'https://login.salesforce.com/services/oauth2/token',
    profileURL: 'https://login.salesforce.com/services/oauth2/userinfo',
    revocationURL: 'https://login.salesforce.com/services/oauth2/revoke',
    jwksURL: 'https://login.salesforce.com/id/keys',
  },
  slack: {
    issuer: 'https://slack.com',
    authorizationURL: 'https://slack.com/openid/connect/authorize',
    tokenURL: 'https://slack.com/api/openid.connect.token',
    profileURL: 'https://slack.com/api/openid.connect.userInfo',
    jwksURL: 'https://slack.com/openid/connect/keys',
  },
}

it('is known of Google and Auth0 alone that a revoked token ends everything', () => {
  const all = Object.entries<Row>(ROWS).filter(([, { options }]) => options.revocationEnds)
  expect(all.map(([name, { options }]) => [name, options.revocationEnds])).toEqual([
    ['auth0', 'grant'],
    ['google', 'grant'],
  ])
})

let elsewhere: ProvidersElsewhere
const apps: TestApp[] = []
let browser: Browser

beforeAll(async () => {
  elsewhere = await startProvidersElsewhere()
})
beforeEach(() => {
  browser = new Browser()
  elsewhere.requests.length = 0
})
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close()
})
afterAll(() => elsewhere.close())

/** Starts a login, and lets the provider have an answer for the rest of it. */
async function begin(
  row: Row,
  verify?: Verify,
): Promise<{
  readonly app: TestApp
  readonly address: string
  readonly request: Record<string, string>
  /** Loads the callback. Apple's form may have more in it. */
  readonly finish: (more?: Readonly<Record<string, string>>) => Promise<Page>
}> {
  const strategy = { clientSecret: 'secret-1', ...row.options, dispatcher: elsewhere.dispatcher }
  const app = await startApp({
    strategy,
    ...(verify !== undefined && { verify }),
    routes: (routes, own) => {
      routes.get('/renew', (req, res, next) => {
        renewedToken(own, req).then((token) => res.json({ token }), next)
      })
      routes.get('/end', (req, res, next) => {
        own.endGrant(req).then(() => res.json({}), next)
      })
    },
  })
  apps.push(app)
  const { location = '' } = await browser.visit(app.loginURL)
  const url = new URL(location)
  const request = Object.fromEntries(url.searchParams)
  await answerHonestly(row, request['nonce'])

  const parameters = { code: 'code-1', state: request['state'] ?? '' }
  return {
    app,
    address: url.origin + url.pathname,
    request,
    finish: (more = {}) =>
      request['response_mode'] === 'form_post'
        ? browser.post(
            app.callbackURL,
            { ...parameters, ...more },
            { 'sec-fetch-site': 'cross-site' },
          )
        : browser.visit(`${app.callbackURL}?${new URLSearchParams(parameters).toString()}`),
  }
}

async function answerHonestly({ options, tokens, person }: Row, nonce?: string): Promise<void> {
  const { issuer, jwksURL, profileURL, tokenURL } = options
  const now = Math.floor(Date.now() / 1000)
  const claims = { ...person, iss: issuer ?? 'https://of-some-tenant.example', aud: 'client-1' }
  const idToken = await elsewhere.sign({ ...claims, nonce, iat: now, exp: now + 300 })
  const hasIdToken = options.scope?.includes('openid') === true
  elsewhere.answers = {
    [`POST ${tokenURL}`]: ({ form }) => ({
      body: {
        access_token: form['grant_type'] === 'refresh_token' ? 'access-2' : 'access-1',
        token_type: 'bearer',
        ...(hasIdToken && { id_token: idToken }),
        ...tokens,
      },
    }),
    ...(profileURL !== undefined && { [`GET ${profileURL}`]: () => ({ body: person }) }),
    ...(jwksURL !== undefined && { [`GET ${jwksURL}`]: () => ({ body: elsewhere.jwks }) }),
  }
}

describe.each(Object.entries<Row>(ROWS))('%s', (_name, row) => {
  const { options, pkce } = row
  const { authorizationURL, tokenURL, profileURL, jwksURL } = options

  it('is asked for authorization with the documented parameters and no others', async () => {
    const { app, address, request } = await begin(row)
    expect(address).toBe(authorizationURL)
    const random = expect.stringMatching(/^[\w-]{43}$/)
    expect(request).toEqual({
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: app.callbackURL,
      state: random,
      ...row.asks,
      ...(pkce && { code_challenge: random, code_challenge_method: 'S256' }),
      ...(row.asks['scope']?.includes('openid') && { nonce: random }),
    })
  })

  it('logs a person in by its answers, and is asked for nothing else', async () => {
    const { app, finish } = await begin(row)
    expect((await finish()).status).toBe(302)
    const { user } = bodyOf(await browser.visit(app.origin))
    const identity = { provider: options.name, id: row.becomes.id }
    const profile = { ...identity, ...row.becomes, _json: expect.objectContaining(row.person) }
    const account = `default-user/${identity.provider}/${identity.id}`
    expect(user).toEqual({ ...identity, account, profile })
    expect(elsewhere.requests.map(({ to }) => to).sort()).toEqual(
      [
        `POST ${tokenURL}`,
        ...(profileURL === undefined ? [] : [`GET ${profileURL}`]),
        ...(jwksURL === undefined ? [] : [`GET ${jwksURL}`]),
      ].sort(),
    )
    const exchange = elsewhere.requests.find(({ to }) => to === `POST ${tokenURL}`)
    const someText = expect.any(String)
    expect(exchange?.form).toEqual({
      grant_type: 'authorization_code',
      code: 'code-1',
      redirect_uri: app.callbackURL,
      client_id: 'client-1',
      client_secret: someText,
      ...(pkce && { code_verifier: someText }),
    })
    expect(exchange?.headers).toMatchObject({
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
    })
    // GitHub's API refuses requests that name nobody.
    expect(elsewhere.requests.filter(({ headers }) => !headers['user-agent'])).toEqual([])
  })

  it('renews where there is a refresh token', async () => {
    const { app, finish } = await begin(row)
    await finish()
    const renewal = await browser.visit(`${app.origin}/renew`)
    const isRenewable = row.tokens['refresh_token'] !== undefined
    expect(renewal.status).toBe(isRenewable ? 200 : 401)
    const token = isRenewable ? 'access-2' : undefined
    expect(bodyOf(renewal)['token']).toBe(token)
    const client = { client_id: 'client-1', client_secret: expect.any(String) }
    const refresh = { grant_type: 'refresh_token', refresh_token: row.tokens['refresh_token'] }
    const [, ...renewals] = elsewhere.requests.filter(({ to }) => to === `POST ${tokenURL}`)
    expect(renewals.map(({ form }) => form)).toEqual(isRenewable ? [{ ...refresh, ...client }] : [])
  })

  it('is told to revoke the tokens where it can', async () => {
    const { app, finish } = await begin(row)
    await finish()
    elsewhere.requests.length = 0
    expect((await browser.visit(`${app.origin}/end`)).status).toBe(200)
    const { revocationURL } = options
    const refreshToken = row.tokens['refresh_token']
    const tokens = [
      { token_type_hint: 'access_token', token: 'access-1' },
      ...(refreshToken === undefined
        ? []
        : [{ token_type_hint: 'refresh_token', token: refreshToken }]),
    ]
    const client = { client_id: 'client-1', client_secret: expect.any(String) }
    const sent = elsewhere.requests.map(({ to, form }) => ({ to, form }))
    const due = revocationURL === undefined ? [] : tokens
    const expected = due.map((form) => ({
      to: `POST ${revocationURL}`,
      form: { ...form, ...client },
    }))
    expect(sent).toHaveLength(expected.length)
    expect(sent).toEqual(expect.arrayContaining(expected))
  })

  it('refuses a code in its own words, and the person may start again', async () => {
    const { app, finish } = await begin(row)
    const [status, body] = row.refusal
    elsewhere.answers = { [`POST ${tokenURL}`]: () => ({ status, body }) }
    await finish()
    const { error } = body as { error: string }
    const known = ['bad_verification_code', 'invalid_code'].includes(error)
    expect(app.errors).toEqual([
      expect.objectContaining({
        code: 'ERR_TOKEN_ENDPOINT',
        error: known ? 'invalid_grant' : error,
      }),
    ])
  })
})

describe('the client secret of Apple', () => {
  it('is a JWT of the team, signed with its key for each request', async () => {
    const { finish } = await begin(ROWS.apple)
    await finish()
    const [exchange] = elsewhere.requests
    const { payload, protectedHeader } = await jwtVerify(
      exchange?.form['client_secret'] ?? '',
      appleKey.publicKey,
      { issuer: 'TEAM', subject: 'client-1', audience: 'https://appleid.apple.com' },
    )
    expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: 'KEY' })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300)
  })

  it.each(['clientID', 'teamID', 'keyID', 'privateKey'])('needs %s', (name) => {
    const { privateKey } = appleKey
    const client = { clientID: 'c', teamID: 't', keyID: 'k', privateKey, [name]: undefined }
    expect(() => apple(client)).toThrow(`${name} is missing`)
  })
})

it('says where revoking one token ends everything that a person has granted', () => {
  const ends = [google.revocationEnds, auth0('tenant.eu.auth0.com').revocationEnds]
  expect(ends).toEqual(['grant', 'grant'])
})

it.each(Object.entries<Row>(ROWS))(
  '%s is at the documented addresses alone',
  (name, { options }) => {
    const isAddress = ([member]: [string, unknown]) => member === 'issuer' || member.endsWith('URL')
    const addresses = Object.fromEntries(Object.entries(options).filter(isAddress))
    expect(addresses).toEqual(ADDRESSES[name as keyof typeof ROWS])
  },
)

describe('a client secret that cannot be had for a while', () => {
  it('fails the renewal and ends nothing: the next one works', async () => {
    let isThere = true
    const clientSecret = () =>
      isThere ? 'secret-1' : Promise.reject(new Error('the vault is not there'))
    const { app, finish } = await begin({
      ...ROWS.gitlab,
      options: { ...ROWS.gitlab.options, clientSecret },
    })
    await finish()
    isThere = false
    elsewhere.requests.length = 0
    expect((await browser.visit(`${app.origin}/renew`)).status).toBe(500)
    expect(elsewhere.requests).toEqual([])
    isThere = true
    advanceClock(2)
    expect(bodyOf(await browser.visit(`${app.origin}/renew`))['token']).toBe('access-2')
  })
})

describe('what is particular to one provider', () => {
  it('Slack refuses UserInfo with HTTP 200, and nobody is logged in', async () => {
    const { app, finish } = await begin(ROWS.slack)
    const refused = { [`GET ${slack.profileURL}`]: () => ({ body: { ok: false, error: 'x' } }) }
    elsewhere.answers = { ...elsewhere.answers, ...refused }
    await finish()
    expect(app.errors).toEqual([expect.objectContaining({ code: 'ERR_PROFILE' })])
    expect(bodyOf(await browser.visit(app.origin))['user']).toBeNull()
  })

  it('Apple’s name, which comes at the first login alone, reaches verify in req.body', async () => {
    const seen: unknown[] = []
    const name = JSON.stringify({ name: { firstName: 'Ada', lastName: 'Lovelace' } })
    const { app, finish } = await begin(ROWS.apple, ({ req }) => {
      seen.push((req.body as Record<string, unknown>)['user'])
      return false
    })
    await finish({ user: name })
    expect(app.errors).toEqual([])
    expect(seen).toEqual([name])
  })
})

describe('a provider at an address of its own', () => {
  it.each(['tenant.eu.auth0.com', 'https://tenant.eu.auth0.com', 'https://tenant.eu.auth0.com/'])(
    'auth0 is found by %s',
    (where) => {
      const { issuer, tokenURL } = auth0(where)
      expect(issuer).toBe('https://tenant.eu.auth0.com/')
      expect(tokenURL).toBe('https://tenant.eu.auth0.com/oauth/token')
    },
  )

  it.each([
    ['auth0', () => auth0(undefined)],
    ['auth0 over HTTP', () => auth0('http://tenant.eu.auth0.com')],
    ['auth0 of an empty variable', () => auth0('')],
    ['gitlab', () => gitlab('http://gitlab.example')],
    ['keycloak', () => keycloak('login.example.com')],
    ['okta', () => okta('')],
    ['salesforce', () => salesforce('ftp://salesforce.example')],
  ])('%s has to be an HTTPS URL', (_name, make) => {
    expect(make).toThrow('must be an HTTPS URL')
  })

  it.each([undefined, ''])('Microsoft’s tenant has to be said, and %p says none', (tenant) => {
    expect(() => microsoft(tenant)).toThrow('The tenant must be')
  })

  it('Microsoft’s is part of a path and nothing else', () => {
    expect(() => microsoft('common/../evil?x=')).toThrow('The tenant must be')
  })
})
