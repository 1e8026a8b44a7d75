import { ConfigurationError } from '../errors/setup-errors.js'
import type { OAuthErrorFacts } from '../errors/error-entry.js'
import { adviceOf, authorizationErrorFrom, registeredError } from '../errors/oauth-errors.js'
import { providerText } from '../lib/provider-text.js'
import { callAtOnce } from '../options/call-function.js'
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
 * @throws {ConfigurationError} if `parse` throws, or returns no object
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

/**
 * The error that a callback reports which cannot be trusted, because it belongs to no pending login or is not signed: for the
 * developer. Some providers leave out `state` if they refuse the request itself, such as an unknown `client_id`.
 */
export function reportedBy(response: URLSearchParams): readonly string[] {
  const reported = readAuthorizationError(response)
  if (reported === undefined) return []
  const which = response.has('state') ? 'The callback' : 'The callback has no state, and'
  // Such a callback is not given to parseAuthorizationError.
  const unknown = 'No specification has this error: the documentation of the provider says more.'
  const what = describeError(`${which} reports the error`, reported, unknown)
  return [`${what} Anybody can send such a callback: believe it if you see it at each login.`]
}

/** An error in one sentence, and what it means and what to do about it; if that is not known, `unknown`. */
export function describeError(
  what: string,
  facts: OAuthErrorFacts,
  unknown = 'No specification has this error: if it means that the person refused, say so with parseAuthorizationError.',
): string {
  const { error = 'an error', errorDescription } = facts
  const known = authorizationErrorFrom(facts)
  const advice = known === undefined ? unknown : adviceOf(known)
  const words = errorDescription === undefined ? error : `${error} (${errorDescription})`
  return `${what} ${words}. ${advice}`
}

/**
 * What the application's function has made of the parameters. Without an `error` in it, they are used as they were sent.
 *
 * @throws {ConfigurationError} if it throws, or returns anything else than an object
 */
function parsedBy(
  parse: ParseAuthorizationError | undefined,
  sent: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> | undefined {
  if (parse === undefined) return undefined
  const option = 'parseAuthorizationError'
  const parsed: unknown = callAtOnce(option, () => parse(sent))
  if (parsed === undefined || parsed === null) return undefined
  if (typeof parsed !== 'object') {
    throw new ConfigurationError(`${option} must return an object such as { error }.`, option)
  }
  const { error } = parsed as { readonly error?: unknown }
  return typeof error === 'string' && error !== '' ? { ...parsed } : undefined
}

function firstOf(members: Readonly<Record<string, unknown>>, names: readonly string[]): unknown {
  return names.map((name) => members[name]).find((value) => value !== undefined && value !== '')
}
