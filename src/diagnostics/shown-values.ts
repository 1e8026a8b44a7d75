import { createHmac, randomBytes } from 'node:crypto'
import { providerText } from '../lib/provider-text.js'

/** One parameter of a message, as it may be shown: in clear, or as a short hash. */
export interface ShownValue {
  readonly name: string
  readonly value: string
  /** Whether `value` is a hash. */
  readonly hashed: boolean
}

/**
 * Parameters whose values say nothing that somebody could use. All others are shown as a hash, those of
 * extensions and the application's own included.
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

/** As many parameters of one message are shown; the provider decides how many it sends. */
const MAXIMUM_VALUES = 60

/** What is as long as a secret and has digits in it: no word of a sentence is like that. */
const SECRET_LIKE = /(?=[\w~+=%.-]*\d)[\w~+=%.-]{16,}/g

/** Nobody can find a short secret by hashing guesses, and the hashes of two processes say nothing together. */
const salt = randomBytes(32)

/** A short name for a value, the same for the same value while this process lives, such as `#1a2b3c4d`. */
export function shortHash(value: string): string {
  return `#${createHmac('sha256', salt).update(value).digest('hex').slice(0, 8)}`
}

/** A text that somebody else may have written: without `secrets`, and with whatever looks like one hashed. */
export function shownText(text: string, secrets: readonly string[] = []): string {
  return (providerText(text, secrets) ?? '').replace(SECRET_LIKE, shortHash)
}

/** The values among these that are not shown in clear. */
export function secretsAmong(parameters: Iterable<readonly [string, string]>): readonly string[] {
  return [...parameters].filter(([name]) => !CLEAR_PARAMETERS.has(name)).map(([, value]) => value)
}

/**
 * Parameters as they may be shown.
 *
 * @param sent whether they are the application's own; of what others send, nothing is taken on trust
 * @param secrets what may be in no value shown in clear, beside the secrets among the parameters themselves
 */
export function shownValues(
  parameters: Iterable<readonly [string, string]>,
  { sent, secrets = [] }: { readonly sent: boolean; readonly secrets?: readonly string[] },
): readonly ShownValue[] {
  const given = [...parameters].slice(0, MAXIMUM_VALUES)
  const all = [...secrets, ...secretsAmong(given)]
  return given.map(([name, value]) => {
    if (!CLEAR_PARAMETERS.has(name)) {
      return { name: shownText(name, secrets), value: shortHash(value), hashed: true }
    }
    const clear = sent ? (providerText(value) ?? '') : shownText(value, all)
    return { name, value: clear, hashed: false }
  })
}

/** The members of a JSON object as parameters; `undefined` for any other text. */
export function membersOf(text: string): readonly (readonly [string, string])[] | undefined {
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

/** Words that addresses are made of. A segment of any other kind may be a name, a number or a secret. */
const PLAIN_SEGMENT = /^(?:[a-z._-]{0,24}\d?|v\d+\.\d+)$/

/** An address without its query, and with a hash for each segment that is not a plain word. */
export function shownAddress(url: string | URL): string {
  const { origin, pathname } = new URL(url)
  return origin + shownPath(pathname)
}

/** The same for a path of the application. */
export function shownPath(path: string): string {
  const [withoutQuery = ''] = path.split(/[?#]/)
  return withoutQuery
    .split('/')
    .map((segment) => (PLAIN_SEGMENT.test(segment) ? segment : shortHash(segment)))
    .join('/')
}
