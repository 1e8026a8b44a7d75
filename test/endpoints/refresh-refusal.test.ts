import { describe, expect, it } from '@jest/globals'
import { refusalOfRefresh } from '../../src/endpoints/refresh-refusal.js'
import { ProfileError, TokenEndpointError } from '../../src/index.js'
import type { ProviderErrorFacts } from '../../src/index.js'

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
    [{ httpStatus: 400 }, 'http_400'],
    [{ httpStatus: 401 }, 'http_401'],
    [{ httpStatus: 400, error: 'invalid_request' }, 'invalid_request'],
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
    ['the request is refused before it is read', { httpStatus: 403 }],
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

  it('is not final, and passes, if another refresh is under way at Salesforce', () => {
    const facts = {
      phase: 'refresh',
      httpStatus: 400,
      error: 'invalid_grant',
      errorDescription: 'token request is already being processed',
    }
    expect(refusals(facts)).toEqual([undefined, undefined])
    const { status, retryable, fault } = new TokenEndpointError('refused', facts)
    expect({ status, retryable, fault }).toEqual({
      status: 503,
      retryable: true,
      fault: 'provider',
    })
  })

  it('is something else than an error of another kind', () => {
    const facts = { phase: 'profile', httpStatus: 400, error: 'invalid_grant' }
    expect(refusalOfRefresh(new ProfileError('refused', facts), false)).toBeUndefined()
    expect(refusalOfRefresh(new Error('invalid_grant'), false)).toBeUndefined()
    expect(refusalOfRefresh(undefined, false)).toBeUndefined()
  })
})
