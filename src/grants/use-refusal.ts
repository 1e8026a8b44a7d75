import { TokenEndpointError } from '../errors/provider-errors.js'

/** Codes that are about the client, or pass. They would come to a refresh of the line's own access token too. */
const OTHER_CODES: ReadonlySet<string> = new Set([
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'server_error',
  'temporarily_unavailable',
  'slow_down',
])

/**
 * Codes after which the person has to do something. To a refresh for a use, they say that the person has to allow that use,
 * such as one more API: the grant goes on without it.
 */
const PERSON_CODES: ReadonlySet<string> = new Set([
  'interaction_required',
  'consent_required',
  'login_required',
  'account_selection_required',
])

/**
 * How Microsoft Entra begins the description if the person has not allowed an API, or has to use a second factor for it. The
 * code may be `invalid_grant` all the same.
 */
const ENTRA_DESCRIPTION = /^AADSTS(65001|50076|50079)\b/

/**
 * Whether the provider has refused one use, such as with `invalid_target` or `invalid_scope`, and not the grant: then other
 * uses and the line's own access token are not affected.
 *
 * What would come to every refresh is not about the use: no answer, 429, 5xx, a fault of the client, and what is `final` for the
 * grant, such as `invalid_grant`, or what `isGrantRefused` has said to be. Everything else with 4xx is: `invalid_request` too,
 * because a provider that does not know `resource` may answer so.
 *
 * @param final why every later refresh of the grant will be refused; `undefined` if that is not known
 * @see [RFC 8707, section 2.2 - Access Token Request](https://www.rfc-editor.org/rfc/rfc8707.html#section-2.2)
 */
export function isRefusalOfUse(error: unknown, final: string | undefined): boolean {
  if (!(error instanceof TokenEndpointError) || error.retryable) return false
  const { httpStatus, errorDescription = '' } = error
  if (httpStatus === undefined || error.grantRefused === true) return false
  const code = error.error?.toLowerCase()
  if (code !== undefined && PERSON_CODES.has(code)) return true
  if (ENTRA_DESCRIPTION.test(errorDescription)) return true
  if (final !== undefined) return false
  if (code !== undefined) return !OTHER_CODES.has(code)
  return httpStatus >= 400 && httpStatus < 500 && httpStatus !== 401
}
