import { createHmac, randomBytes } from 'node:crypto'
import { providerText } from '../lib/provider-text.js'

/** One parameter of a message without its secret: the flow inspector shows it to developers. */
export interface ShownValue {
  /** The parameter's name. */
  readonly name: string
  /** The parameter's value if it is harmless, or else a short hash of it, such as `#1a2b3c4d`. */
  readonly value: string
  /** Whether `value` is a hash. */
  readonly hashed: boolean
}

/**
 * Parameters whose values are harmless and are shown. All others are shown as a hash, also those of extensions
 * and the application's own, because any of them may be a secret.
 */
const CLEAR_PARAMETERS: ReadonlySet<string> = new Set([
  'acr_values',
  'client_assertion_type',
  'client_id',
  'code_challenge_method',
  'display',
  'error',
  'error_description',
  'error_uri',
  'expires_in',
  'grant_type',
  'iss',
  'max_age',
  'post_logout_redirect_uri',
  'prompt',
  'redirect_uri',
  'resource',
  'response_mode',
  'response_type',
  'scope',
  'token_type',
  'token_type_hint',
  'ui_locales',
])

/** How many parameters of one message are shown. A provider can send any number. */
const MAXIMUM_VALUES = 60

/**
 * Text that may be a secret: 16 characters or more without a space, and at least one digit. Words of a sentence
 * have none.
 */
const SECRET_LIKE = /(?=[\w~+=%.-]*\d)[\w~+=%.-]{16,}/g

/**
 * The key of {@link shortHash}, new in each process. Without it, an attacker could find a short secret by hashing
 * guesses, or recognize the same secret in the hashes of two processes.
 */
const hashKey = randomBytes(32)

/** A short hash of a value, such as `#1a2b3c4d`. Within one process, the same value has the same hash. */
export function shortHash(value: string): string {
  return `#${createHmac('sha256', hashKey).update(value).digest('hex').slice(0, 8)}`
}

/**
 * A text without secrets, such as an error message with the provider's words in it.
 *
 * @param secrets replaced by `…` wherever they occur; all else that looks like a secret is replaced by its hash
 */
export function shownText(text: string, secrets: readonly string[] = []): string {
  return (providerText(text, secrets) ?? '').replace(SECRET_LIKE, shortHash)
}

/** The values of those parameters that are shown as a hash. */
export function secretsIn(parameters: Iterable<readonly [string, string]>): readonly string[] {
  return [...parameters].filter(([name]) => !CLEAR_PARAMETERS.has(name)).map(([, value]) => value)
}

/**
 * The parameters of a message without their secrets: the first 60 of them.
 *
 * @param options.sentByUs whether this application sent the message. If not, a harmless parameter may quote a
 * secret, so secrets are removed from its value too.
 * @param options.secrets what to remove from the values that are shown, in addition to the values that are hashed
 */
export function shownValues(
  parameters: Iterable<readonly [string, string]>,
  { sentByUs, secrets = [] }: { readonly sentByUs: boolean; readonly secrets?: readonly string[] },
): readonly ShownValue[] {
  const given = [...parameters].slice(0, MAXIMUM_VALUES)
  const all = [...secrets, ...secretsIn(given)]
  return given.map(([name, value]) => {
    if (!CLEAR_PARAMETERS.has(name)) {
      return { name: shownText(name, secrets), value: shortHash(value), hashed: true }
    }
    const clear = sentByUs ? (providerText(value) ?? '') : shownText(value, all)
    return { name, value: clear, hashed: false }
  })
}

/** The members of a JSON object as parameters; `undefined` for any other text. */
export function jsonMembers(text: string): readonly (readonly [string, string])[] | undefined {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
  return Object.entries(body).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
}

/**
 * A segment of a path that is shown: a plain word, or a version such as `v2.0`. Any other may be a name or a
 * secret.
 */
const PLAIN_SEGMENT = /^(?:[a-z._-]{0,24}\d?|v\d+\.\d+)$/

/** A URL without its query, and with each segment of its path that is not a plain word as a hash. */
export function shownAddress(url: string | URL): string {
  const { origin, pathname } = new URL(url)
  return origin + shownPath(pathname)
}

/** A path without its query, and with each segment that is not a plain word as a hash. */
export function shownPath(path: string): string {
  const [withoutQuery = ''] = path.split(/[?#]/)
  return withoutQuery
    .split('/')
    .map((segment) => (PLAIN_SEGMENT.test(segment) ? segment : shortHash(segment)))
    .join('/')
}
