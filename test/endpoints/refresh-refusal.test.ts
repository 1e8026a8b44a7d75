import { describe, expect, it } from '@jest/globals'
import { refusalOfRefresh, withGrantRefusal } from '../../src/endpoints/refresh-refusal.js'
import { ProfileError, salesforce, TokenEndpointError } from '../../src/index.js'
import type { IsGrantRefused, ProviderErrorFacts } from '../../src/index.js'

type Facts = Omit<ProviderErrorFacts, 'phase'>

/** Why a refresh with this answer is final, while the access token is valid and after it has expired. */
function refusals(facts: Facts): readonly (string | undefined)[] {
  const error = new TokenEndpointError('refused', { phase: 'refresh', ...facts })
  return [refusalOfRefresh(error, true), refusalOfRefresh(error, false)]
}

describe('a refused refresh', () => {
  it.each<[Facts, string]>([
    [{ httpStatus: 400, error: 'invalid_grant' }, 'invalid_grant'],
    [{ httpStatus: 401, error: 'invalid_grant' }, 'invalid_grant'],
    [{ httpStatus: 403, error: 'invalid_grant' }, 'invalid_grant'],
    [{ httpStatus: 200, error: 'bad_refresh_token' }, 'bad_refresh_token'],
    [{ httpStatus: 400, error: 'INVALID_GRANT' }, 'invalid_grant'],
    [{ httpStatus: 400, error: 'INVALID_REFRESH_TOKEN' }, 'invalid_refresh_token'],
    [{ httpStatus: 401, error: 'invalid_refresh_token' }, 'invalid_refresh_token'],
    [{ httpStatus: 400, error: 'invalid_grant: Token is expired or invalid.' }, 'invalid_grant'],
    [{ httpStatus: 400, error: 'interaction_required' }, 'interaction_required'],
    [{ httpStatus: 400, error: 'consent_required' }, 'consent_required'],
    [{ httpStatus: 400, error: 'login_required' }, 'login_required'],
    [{ httpStatus: 403, error: 'unauthorized_client' }, 'unauthorized_client'],
  ])('is final with %j', (facts, reason) => {
    expect(refusals(facts)).toEqual([reason, reason])
  })

  it.each<[Facts, string]>([
    [{ httpStatus: 400, mayConcernGrant: true }, 'http_400'],
    [{ httpStatus: 401, mayConcernGrant: true }, 'http_401'],
    ...[
      'Check the `refresh_token` parameter. Token is not linked to client',
      'The refresh token is invalid',
      'The grant does not exist',
      'Session expired',
      'Invalid token!',
    ].map((errorDescription): [Facts, string] => [
      { httpStatus: 400, error: 'invalid_request', errorDescription },
      'invalid_request',
    ]),
  ])('is final only after the access token has expired, with %j', (facts, reason) => {
    expect(refusals(facts)).toEqual([undefined, reason])
  })

  it.each<[string, Facts]>([
    ['the client is misconfigured', { httpStatus: 401, error: 'invalid_client' }],
    ['the client is misconfigured', { httpStatus: 400, error: 'invalid_client' }],
    ['the client is misconfigured', { httpStatus: 401, error: 'unauthorized_client' }],
    ['the client is misconfigured', { httpStatus: 400, error: 'unauthorized_client' }],
    ['the client is misconfigured', { httpStatus: 400, error: 'unsupported_grant_type' }],
    ['the client is misconfigured', { httpStatus: 400, error: 'invalid_scope' }],
    ...[
      undefined,
      'Unknown parameter: audiense',
      'Unsupported grant_type',
      'Unsupported grant type',
      'expires_in is no parameter of this endpoint',
      'The refresh token grant needs client_secret',
      'Client authentication is missing at the refresh token grant',
    ].map((errorDescription): [string, Facts] => [
      'a parameter is wrong',
      { httpStatus: 400, error: 'invalid_request', errorDescription },
    ]),
    ['the answer is a page or a text', { httpStatus: 400, mayConcernGrant: false }],
    ['the answer is a page or a text', { httpStatus: 401 }],
    ['the request is refused before it is read', { httpStatus: 403, mayConcernGrant: true }],
    ['the address is wrong', { httpStatus: 404 }],
    ['another request is refused', { httpStatus: 401, error: 'invalid_request' }],
    ['the provider fails', { httpStatus: 500, error: 'invalid_grant' }],
    ['the provider fails', { httpStatus: 503, error: 'interaction_required' }],
    ['the provider fails', { httpStatus: 502 }],
    ['there are too many requests', { httpStatus: 429, error: 'invalid_grant' }],
    ['the provider was slow to read', { httpStatus: 408 }],
    ['no answer came', { networkCode: 'timeout' }],
    ['no answer came', { networkCode: 'ECONNRESET' }],
    ['the answer is too large', { networkCode: 'too_large' }],
    ['the answer is no token response', { httpStatus: 200 }],
  ])('is never final if %s: %j', (_, facts) => {
    expect(refusals(facts)).toEqual([undefined, undefined])
  })

  it('is something else than an error of another kind', () => {
    const facts = { phase: 'profile', httpStatus: 400, error: 'invalid_grant' }
    expect(refusalOfRefresh(new ProfileError('refused', facts), false)).toBeUndefined()
    expect(refusalOfRefresh(new Error('invalid_grant'), false)).toBeUndefined()
    expect(refusalOfRefresh(undefined, false)).toBeUndefined()
  })
})

describe('a refresh whose failure an application or a preset decides about', () => {
  /** What comes of a failure: why it is final while the access token is valid, and the error. */
  async function decidedBy(
    isGrantRefused: IsGrantRefused | undefined,
    error: Error,
  ): Promise<{ readonly reason: string | undefined; readonly error: unknown }> {
    const refresh = withGrantRefusal(() => Promise.reject(error), isGrantRefused)
    const thrown: unknown = await refresh({ accessToken: 'a', tokenType: 'bearer' }).catch(
      (failure: unknown) => failure,
    )
    return { reason: refusalOfRefresh(thrown, true), error: thrown }
  }
  const answer = (facts: Facts): TokenEndpointError =>
    new TokenEndpointError('refused', { phase: 'refresh', ...facts })
  const passes = { status: 503, retryable: true, fault: 'provider', grantRefused: false }

  // As Salesforce sends them.
  it.each<[string, string, string | undefined]>([
    [
      'passes while another refresh is under way',
      'token request is already being processed',
      undefined,
    ],
    ['is final for an expired refresh token', 'expired access/refresh token', 'invalid_grant'],
    ['is final for a person who is locked out', 'inactive user', 'invalid_grant'],
  ])('at Salesforce %s', async (_, errorDescription, reason) => {
    const { isGrantRefused } = salesforce()
    const refusal = answer({ httpStatus: 400, error: 'invalid_grant', errorDescription })
    const decided = await decidedBy(isGrantRefused, refusal)
    expect(decided.reason).toBe(reason)
    const expected = reason === undefined ? passes : { status: 400, grantRefused: undefined }
    expect(decided.error).toMatchObject({ ...expected, errorDescription })
  })

  it('is not taken for passing at another provider with the words of Salesforce', async () => {
    const errorDescription = 'token request is already being processed'
    const refusal = answer({ httpStatus: 400, error: 'invalid_grant', errorDescription })
    expect((await decidedBy(undefined, refusal)).reason).toBe('invalid_grant')
  })

  it.each<[Facts, string]>([
    [{ httpStatus: 500, error: 'server_error' }, 'server_error'],
    [{ httpStatus: 500 }, 'http_500'],
    [{ httpStatus: 403, error: 'access_denied' }, 'access_denied'],
    [{ httpStatus: 401 }, 'http_401'],
  ])('is final if it says so: %j', async (facts, reason) => {
    const decided = await decidedBy(() => true, answer(facts))
    expect(decided).toMatchObject({ reason, error: { retryable: false, grantRefused: true } })
  })

  it.each<[string, IsGrantRefused]>([
    ['undefined', () => undefined],
    [
      'an error of its own',
      () => {
        throw new Error('of the application')
      },
    ],
    ['a promise', () => Promise.resolve(false) as never],
    ['a promise that rejects', () => Promise.reject(new Error('of the application')) as never],
  ])('is decided as without it by %s', async (_, isGrantRefused) => {
    const refusal = answer({ httpStatus: 400, error: 'invalid_grant' })
    expect(await decidedBy(isGrantRefused, refusal)).toEqual({
      reason: 'invalid_grant',
      error: refusal,
    })
  })

  it('is never final without an answer: it is not even asked', async () => {
    const asked: unknown[] = []
    const ask: IsGrantRefused = (error) => asked.push(error) > 0
    expect((await decidedBy(ask, answer({ networkCode: 'timeout' }))).reason).toBeUndefined()
    expect((await decidedBy(ask, new Error('of the store'))).reason).toBeUndefined()
    expect(asked).toEqual([])
  })
})
