import type { Answer } from './transport.js'
import type { OAuthErrorFacts } from '../errors/errors.js'
import { providerText } from '../lib/provider-text.js'

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
