import type { OAuthErrorFacts } from './errors.js'
import { providerText } from './provider-text.js'
import type { Answer } from './transport.js'

/** The body of an answer: what its JSON says, or its text. */
export function parseBody(answer: Answer): unknown {
  try {
    return JSON.parse(answer.text) as unknown
  } catch {
    // GitHub and Facebook began with form-encoded answers, and servers modelled on them still send these.
    return typeOf(answer) === 'application/x-www-form-urlencoded'
      ? Object.fromEntries(new URLSearchParams(answer.text))
      : answer.text
  }
}

/** The media type of an answer, in lower case and without parameters. */
export function typeOf({ headers }: Answer): string {
  const value = headers['content-type']
  const [type = ''] = (Array.isArray(value) ? value[0] : value)?.split(';', 1) ?? []
  return type.trim().toLowerCase()
}

/** Whether this is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How deep what is kept in a session may be nested. */
export const MAXIMUM_DEPTH = 100

/** Whether a value is nested too deep for a session: what is parsed without a stack is written with one. */
export function isTooDeep(value: unknown, levels = MAXIMUM_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((one) => isTooDeep(one, levels - 1))
}

/** An OAuth error response. */
export interface Refusal {
  /** For the end of a sentence that begins with what was refused. */
  readonly said: string
  readonly facts: OAuthErrorFacts & { readonly httpStatus: number }
}

/** @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2) */
export function refusalOf(
  { status }: Answer,
  members: Record<string, unknown>,
  sent: readonly string[],
): Refusal {
  const secrets = [...sent, ...tokensIn(members)]
  const error =
    REGISTERED_ERRORS.find((code) => code === members['error']) ??
    providerText(members['error'], secrets)
  const errorDescription = providerText(members['error_description'], secrets)
  const reason =
    [error, errorDescription].filter((text) => text !== undefined).join(': ') || 'no reason given'
  const advice = error !== undefined && Object.hasOwn(ADVICE, error) ? ` ${ADVICE[error]}` : ''
  return {
    said: `with HTTP ${status} (${reason}).${advice}`,
    facts: { httpStatus: status, error, errorDescription },
  }
}

/** A refusal may have tokens all the same, and say in its text which ones it means. */
function tokensIn(members: Record<string, unknown>): string[] {
  return ['access_token', 'refresh_token', 'id_token']
    .map((name) => members[name])
    .filter((value) => typeof value === 'string')
}

/**
 * Taken as they are: a parameter's value that happens to be part of one must not make it another.
 *
 * @see [OAuth Extensions Error Registry](https://www.iana.org/assignments/oauth-parameters/oauth-parameters.xhtml#extensions-error)
 */
const REGISTERED_ERRORS: readonly string[] = [
  ...['invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client'],
  ...['unsupported_grant_type', 'invalid_scope', 'invalid_target', 'access_denied'],
  ...['server_error', 'temporarily_unavailable', 'invalid_dpop_proof', 'use_dpop_nonce'],
]

const ADVICE: Readonly<Record<string, string>> = {
  invalid_client:
    'Check clientID, the secret or key, and that clientAuthentication is the method the provider expects.',
  invalid_grant:
    'The code or refresh token has expired, was used before, or belongs to another client or redirect URI.',
  unauthorized_client: 'The client is not registered for this grant type.',
  invalid_dpop_proof:
    'Check that the clock of this machine is right, and that the provider takes the algorithm of dpopKey.',
}
