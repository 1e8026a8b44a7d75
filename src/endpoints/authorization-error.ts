import { ConfigurationError } from '../errors/setup-errors.js'
import type { OAuthErrorFacts } from '../errors/error-entry.js'
import { authorizationErrorFrom, registeredError } from '../errors/oauth-errors.js'
import { providerText } from '../lib/provider-text.js'
import type { ParseAuthorizationError } from '../options/parse-authorization-error.js'

/** The parameters of Facebook, which sends some errors without `error`. */
const ERROR_NAMES = ['error', 'error_reason', 'error_code'] as const
const DESCRIPTION_NAMES = ['error_description', 'error_message'] as const

/** Parameters that an error's text must not show, if a provider or a stranger quotes them. */
const SECRETS = ['state', 'code', 'response'] as const

/** What looks like one of them, and has another name or none. No error code is that long, and no word. */
const RANDOM = /[\w-]{40,}/g

/** One of them in the middle of a value, as of `?error=x;code=…` and `?error=x%26code=…`. */
const INNER = /\b(state|code|response)=\S+/g

/**
 * The error that a callback reports, in the words of who sent it; `undefined` if it reports none. Beside a code, only
 * `error` counts.
 *
 * @throws {ConfigurationError} if `parse` throws
 * @see [RFC 6749, section 4.1.2.1 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2.1)
 */
export function readAuthorizationError(
  parameters: URLSearchParams,
  parse?: ParseAuthorizationError,
): OAuthErrorFacts | undefined {
  const hasCode = parameters.has('code')
  const sent = Object.fromEntries(parameters)
  const members = (hasCode ? undefined : parsedBy(parse, sent)) ?? sent
  const given = firstOf(members, hasCode ? ['error'] : ERROR_NAMES)
  const secrets = SECRETS.flatMap((name) => parameters.getAll(name))
  // A stranger can send a thousand of them, and looking for each takes time. No provider sends two of a name.
  const isReadable = secrets.length <= SECRETS.length
  const wordsOf = (text: unknown): string | undefined =>
    isReadable
      ? providerText(text, secrets)?.replace(INNER, '$1=…').replace(RANDOM, '…')
      : undefined
  const error = registeredError(given) ?? wordsOf(given)
  if (error === undefined) return undefined
  return { error, errorDescription: wordsOf(firstOf(members, DESCRIPTION_NAMES)) }
}

/** An error in one sentence, and what it means and what to do about it, if that is known. */
export function describeError(what: string, facts: OAuthErrorFacts): string {
  const { error = 'an error', errorDescription } = facts
  const known = authorizationErrorFrom(facts)
  const advice =
    known === undefined
      ? 'No specification has this error: if it means that the person refused, say so with parseAuthorizationError.'
      : `${known.meaning} ${known.fix}`
  const words = errorDescription === undefined ? error : `${error} (${errorDescription})`
  return `${what} ${words}. ${advice}`
}

/** Calls the application's function. Its errors may quote the callback, so only their names are passed on. */
function parsedBy(
  parse: ParseAuthorizationError | undefined,
  sent: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> | undefined {
  try {
    return parse?.(sent)
  } catch (error) {
    const { name = 'no Error' } = Object(error) as Partial<Error>
    throw new ConfigurationError(
      `parseAuthorizationError failed (${name}).`,
      'parseAuthorizationError',
    )
  }
}

function firstOf(members: Readonly<Record<string, unknown>>, names: readonly string[]): unknown {
  return names.map((name) => members[name]).find((value) => value !== undefined && value !== '')
}
