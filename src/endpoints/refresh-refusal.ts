import { TokenEndpointError } from '../errors/errors.js'
import { adviceOf, tokenErrorOf } from '../errors/oauth-errors.js'
import { settled } from '../lib/settled.js'
import type { IsGrantRefused } from '../options/grant-refusal.js'
import type { TokenEndpoint } from './token.js'

/**
 * Codes after which no refresh of this grant can succeed, because the person has to do something. RFC 6749 knows only the
 * first. Slack sends `invalid_refresh_token`, GitHub `bad_refresh_token`, and Microsoft Entra some of those that
 * OpenID Connect defines for the authorization endpoint.
 */
const FINAL_CODES: ReadonlySet<string> = new Set([
  'invalid_grant',
  'invalid_refresh_token',
  'bad_refresh_token',
  'interaction_required',
  'consent_required',
  'login_required',
  'account_selection_required',
])

/**
 * Why a failed refresh is final: the person has to log in again. `undefined` if a later refresh may succeed. That is so
 * after failures that pass (no answer, 408, 429, any 5xx, or another refresh under way), and after a misconfiguration of the
 * client, which says nothing about the grant. What the option `isGrantRefused` has said comes first.
 *
 * Some servers send other answers for a refresh token that is no longer valid: @jmondi/oauth2-server answers
 * `invalid_request`, as Better Auth and Authlib once did, and Glewlwyd answers 400 with an empty body; others answer
 * 400 or 401 without an OAuth error. Such an answer would come to every later refresh. But the same comes from a proxy, or for
 * a wrong secret or parameter, and then to everybody. So it is final only if nothing in it speaks of something else than
 * the grant, and after the access token has expired.
 *
 * @param isValid whether the access token is still valid
 * @returns the OAuth error in lower case, such as `invalid_grant`, or the status, such as `http_401`
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 */
export function refusalOfRefresh(error: unknown, isValid: boolean): string | undefined {
  if (!(error instanceof TokenEndpointError) || error.retryable) return undefined
  const { httpStatus } = error
  // Some servers write codes in capitals, such as `INVALID_REFRESH_TOKEN`. EVE Online has sent
  // `invalid_grant: Token is expired or invalid.`.
  const code = error.error?.toLowerCase().split(':', 1)[0]
  if (error.grantRefused === true) return code ?? `http_${httpStatus}`
  if (code !== undefined && FINAL_CODES.has(code)) return code
  // With 400 or 401, it is about the client's registration or credentials.
  if (code === 'unauthorized_client' && httpStatus === 403) return code
  if (isValid) return undefined
  if (code === undefined && error.mayConcernGrant === true)
    return httpStatus === 400 || httpStatus === 401 ? `http_${httpStatus}` : undefined
  const isGrant = code === 'invalid_request' && httpStatus === 400 && speaksOfGrant(error)
  return isGrant ? code : undefined
}

/** Words of an `invalid_request` that is about the grant. `grant_type` and `expires_in` are names of parameters. */
const ABOUT_GRANT =
  /refresh.?token|\bgrant\b(?! type)|\bexpir(?:y|ed|ation)\b|\brevoked\b|\binvalid token\b/i

/** Words of one that is about the client, also if a refresh token is mentioned. */
const ABOUT_CLIENT = /client.?(?:id|secret|auth|assertion)|\bsecret\b/i

function speaksOfGrant({ errorDescription = '' }: TokenEndpointError): boolean {
  return ABOUT_GRANT.test(errorDescription) && !ABOUT_CLIENT.test(errorDescription)
}

/** A refresh whose failures the application or a preset decides about. */
export function withGrantRefusal(
  refresh: TokenEndpoint['refresh'],
  isGrantRefused: IsGrantRefused | undefined,
): TokenEndpoint['refresh'] {
  if (isGrantRefused === undefined) return refresh
  return (...given) =>
    refresh(...given).catch((error: unknown) => {
      // What has got no answer says nothing about the grant.
      const isAnswer = error instanceof TokenEndpointError && error.httpStatus !== undefined
      throw isAnswer ? decided(error, isGrantRefused) : error
    })
}

/** The error with what the function says of it. Its own errors must not stop the refresh from ending properly. */
function decided(error: TokenEndpointError, isGrantRefused: IsGrantRefused): TokenEndpointError {
  try {
    const said: unknown = settled(isGrantRefused(error))
    return typeof said === 'boolean' ? withDecision(error, said) : error
  } catch {
    return error
  }
}

function withDecision(error: TokenEndpointError, grantRefused: boolean): TokenEndpointError {
  const { phase, httpStatus, retryAfterMs, errorDescription, error: code, mayConcernGrant } = error
  const answer = { phase, httpStatus, retryAfterMs, errorDescription, error: code }
  const message = grantRefused ? error.message : withoutLoginAdvice(error)
  return new TokenEndpointError(message, { ...answer, grantRefused, mayConcernGrant })
}

/** The message without the advice for a grant that is over. */
function withoutLoginAdvice({ message, error, httpStatus = 0 }: TokenEndpointError): string {
  const known = FINAL_CODES.has(error ?? '') ? tokenErrorOf(error, httpStatus) : undefined
  const advice = known && adviceOf(known)
  if (advice === undefined || !message.endsWith(advice)) return message
  return `${message.slice(0, -advice.length)}isGrantRefused says that a later refresh may succeed.`
}
