import type { Answer } from './transport.js'
import type { OAuthErrorFacts } from '../errors/errors.js'
import { oauthErrorFrom, registeredError } from '../errors/oauth-errors.js'
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
  const registered = registeredError(members['error'])
  const error = registered ?? providerText(members['error'], secrets)
  const errorDescription = providerText(members['error_description'], secrets)
  const reason =
    [error, errorDescription].filter((text) => text !== undefined).join(': ') || 'no reason given'
  const known = oauthErrorFrom('token', error)
  const advice = known === undefined ? '' : ` ${known.meaning} ${known.fix}`
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
