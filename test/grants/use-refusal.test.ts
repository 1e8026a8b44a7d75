import { describe, expect, it } from '@jest/globals'
import { refusalOfRefresh } from '../../src/endpoints/refresh-refusal.js'
import { TokenEndpointError } from '../../src/errors/errors.js'
import { isRefusalOfUse } from '../../src/grants/use-refusal.js'

/** Whether the use alone is refused by an answer like this. */
function isOfUse(
  httpStatus: number | undefined,
  error?: string,
  errorDescription?: string,
): boolean {
  const facts = {
    phase: 'refresh',
    ...(httpStatus === undefined ? { networkCode: 'timeout' } : { httpStatus }),
    ...(error !== undefined && { error }),
    ...(errorDescription !== undefined && { errorDescription }),
  }
  const answer = new TokenEndpointError('refused', facts)
  return isRefusalOfUse(answer, refusalOfRefresh(answer, true))
}

describe('the refusal of one use', () => {
  it.each([
    [400, 'invalid_target'],
    [400, 'invalid_scope'],
    [400, 'INVALID_SCOPE'],
    [400, 'invalid_request'],
    [400, 'invalid_resource'],
    [403, 'access_denied'],
    [200, 'invalid_target'],
    [400, 'interaction_required'],
    [400, 'consent_required'],
    [400, undefined],
    [403, undefined],
  ])('is %s with %s', (status, code) => {
    expect(isOfUse(status, code)).toBe(true)
  })

  it.each([
    [400, 'invalid_grant'],
    [400, 'bad_refresh_token'],
    [401, 'invalid_client'],
    [400, 'unauthorized_client'],
    [403, 'unauthorized_client'],
    [400, 'unsupported_grant_type'],
    [400, 'temporarily_unavailable'],
    [401, undefined],
    [429, 'slow_down'],
    [429, undefined],
    [503, 'invalid_target'],
    [200, undefined],
    [undefined, undefined],
  ])('is not %s with %s, which would come to every refresh', (status, code) => {
    expect(isOfUse(status, code)).toBe(false)
  })

  it('is invalid_grant if Microsoft Entra says that the person has to allow the API', () => {
    const description =
      'AADSTS65001: The user or administrator has not consented to use the application.'
    expect(isOfUse(400, 'invalid_grant', description)).toBe(true)
    expect(isOfUse(400, 'invalid_grant', 'AADSTS70008: The refresh token has expired.')).toBe(false)
  })

  it.each(['consent_required', 'invalid_target', undefined])(
    'is not %s if isGrantRefused says that the grant is refused',
    (error) => {
      const facts = { phase: 'refresh', httpStatus: 400, error, grantRefused: true }
      const answer = new TokenEndpointError('refused', facts)
      expect(isRefusalOfUse(answer, refusalOfRefresh(answer, true))).toBe(false)
    },
  )

  it('is no error of another kind', () => {
    expect(isRefusalOfUse(new Error('invalid_target'), undefined)).toBe(false)
  })
})
