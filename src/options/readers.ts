import { ConfigurationError } from '../errors/setup-errors.js'
import { sameOriginPath } from '../lib/same-origin-path.js'
import { isSecure } from '../lib/secure-url.js'
import type { HostURLs } from '../lib/url-for-host.js'
import type { GivenOptions } from './given-options.js'

/**
 * Checks the value of an option and returns it typed. All readers throw a `ConfigurationError` that names the option.
 * Its message never contains the value, which may be a secret.
 */
type Reader<Value> = (value: unknown, name: string, given?: GivenOptions) => Value

/** What is wrong with `''`, which `process.env.NAME ?? ''` is without the variable. */
const EMPTY = 'is empty. Is the environment variable set?'

/** Reads a string that is not empty. */
export function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new ConfigurationError(`${name} ${value === '' ? EMPTY : 'must be a string.'}`, name)
}

/** Reads a string as {@link text} does. Its type has `undefined`, for an option that is usually set from the environment. */
export function environmentText(value: string | undefined, name: string): string {
  return text(value, name)
}

/** Reads a list of strings, and copies it. */
export function texts(value: unknown, name: string): readonly string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return [...value]
  throw new ConfigurationError(`${name} must be a list of strings.`, name)
}

/** Reads `true` or `false`. Other values are refused, because the string `'false'` would count as true. */
export function flag(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value
  throw new ConfigurationError(`${name} must be true or false.`, name)
}

/** The longest time that a timer of Node.js can wait, in **milliseconds**. With a longer one, it fires at once. */
const LONGEST_TIMER_MS = 2_147_483_647

/** Reads a whole number from 1 to 2,147,483,647. */
export function positive(value: unknown, name: string): number {
  const isValid =
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= LONGEST_TIMER_MS
  if (isValid) return value
  throw new ConfigurationError(
    `${name} must be a whole number from 1 to ${LONGEST_TIMER_MS}.`,
    name,
  )
}

/** Reads a whole number from 0 to 2,147,483,647. */
export function zeroOrMore(value: unknown, name: string): number {
  return value === 0 ? 0 : positive(value, name)
}

/** Returns a reader of a whole number from 0 to `most`. */
export function upTo(most: number): Reader<number> {
  return (value, name) => {
    if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most) return Number(value)
    throw new ConfigurationError(`${name} must be a whole number from 0 to ${most}.`, name)
  }
}

/** A path alone, or what `${process.env.APP_URL}/path` is without the variable. */
const LACKS_ORIGIN = /^(undefined)?\//

/** Reads an absolute URL: HTTPS, or plain HTTP on a loopback address. */
export function secureUrl(value: unknown, name: string, given: GivenOptions = {}): string {
  const url = text(value, name)
  if (!URL.canParse(url)) {
    const advice = LACKS_ORIGIN.test(url)
      ? ', such as https://your-app.com/…, and has no origin. Is that in an environment variable that is not set?'
      : '.'
    throw new ConfigurationError(`${name} must be an absolute URL${advice}`, name)
  }
  const { protocol, host } = new URL(url)
  if (isSecure(new URL(url), plainHttpHostsIn(given))) return url
  const advice =
    protocol === 'http:' ? ` For development, dangerouslyAllowHttp: ['${host}'] permits it.` : ''
  throw new ConfigurationError(
    `${name} must be HTTPS (plain HTTP is for loopback addresses only).${advice}`,
    name,
  )
}

/**
 * Reads an endpoint or callback URL, which may have a query but no fragment.
 *
 * @see [RFC 6749, sections 3.1 and 3.1.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.1)
 */
export function urlWithoutFragment(value: unknown, name: string, given?: GivenOptions): string {
  const url = secureUrl(value, name, given)
  if (!url.includes('#')) return url
  throw new ConfigurationError(`${name} may not have a fragment.`, name)
}

/** The name of the option, which is one of `discover` and of presets too. */
const OPTION = 'dangerouslyAllowHttp'

/** A host as it is in an address, with its port: `keycloak:8080`, `10.0.0.5:8080`, `[fd00::5]:8080`. */
const HOST = /^([a-z\d.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i

/** Reads the hosts that plain HTTP is allowed to. */
export function plainHttpHosts(value: readonly string[], name: string): readonly string[] {
  const hosts: readonly unknown[] = Array.isArray(value) ? value : [undefined]
  if (!hosts.every((one) => typeof one === 'string' && HOST.test(one))) {
    throw new ConfigurationError(
      `${name} must be a list of hosts with their ports, such as ['keycloak:8080'].`,
      name,
    )
  }
  if (process.env['NODE_ENV'] === 'production' && hosts.length > 0) {
    throw new ConfigurationError(
      `${name} is refused in production (NODE_ENV): everybody on the way would read the tokens. Use HTTPS.`,
      name,
    )
  }
  return hosts.map((host) => String(host).toLowerCase())
}

/** The hosts that options which are not checked yet allow plain HTTP to. */
export function plainHttpHostsIn(given: GivenOptions): readonly string[] {
  const value = given[OPTION]
  return value === undefined ? [] : plainHttpHosts(value as readonly string[], OPTION)
}

/** Returns a reader of one URL, or of a list of them without two for one host. */
export function forEachHost(
  read: Reader<string>,
): (value: string | readonly string[], name: string, given: GivenOptions) => HostURLs {
  return (value, name, given) => {
    const urls = [value].flat().map((url) => read(url, name, given))
    const [first, ...others] = urls
    if (first === undefined) throw new ConfigurationError(`${name} may not be an empty list.`, name)
    if (new Set(urls.map((url) => new URL(url).host)).size < urls.length) {
      throw new ConfigurationError(`${name} may have only one URL for each host.`, name)
    }
    return [first, ...others]
  }
}

/** Reads a path of this origin, as a browser resolves it. */
export function ownPath(value: string, name: string): string {
  const path = sameOriginPath(value)
  if (path !== undefined) return path
  throw new ConfigurationError(
    `${name} must be a path of this origin, of at most 2048 characters, that begins with one slash.`,
    name,
  )
}

/** Returns a reader of one of these strings. */
export function oneOf<const Value extends string>(...values: readonly Value[]): Reader<Value> {
  return (value, name) => {
    const match = values.find((candidate) => candidate === value)
    if (match !== undefined) return match
    throw new ConfigurationError(`${name} must be one of ${values.join(', ')}.`, name)
  }
}

/** Returns a reader of a list that has at least one of these strings, and no others. */
export function someOf<const Value extends string>(
  ...values: readonly Value[]
): Reader<readonly Value[]> {
  return (value, name) => {
    const given = texts(value, name)
    const matches = values.filter((candidate) => given.includes(candidate))
    if (matches.length > 0 && matches.length === new Set(given).size) return matches
    throw new ConfigurationError(`${name} must be a list of ${values.join(', ')}.`, name)
  }
}

/** Returns a reader of a function. Its parameters and result cannot be checked, so the caller names the type. */
export function aFunction<Type>(): Reader<Type> {
  return (value, name) => {
    if (typeof value === 'function') return value as Type
    throw new ConfigurationError(`${name} must be a function.`, name)
  }
}

/** Returns a reader of a function, or of a value that `read` accepts. */
export function orFunction<Value, Type>(read: Reader<Value>): Reader<Value | Type> {
  return (value, name) => (typeof value === 'function' ? (value as Type) : read(value, name))
}

/** Returns a reader of an object with these methods, such as a store. */
export function withMethods<Type>(...methods: readonly (keyof Type & string)[]): Reader<Type> {
  return (value, name) => {
    const members = Object(value) as Type
    const absent = methods.find((method) => typeof members[method] !== 'function')
    if (absent === undefined) return value as Type
    throw new ConfigurationError(`${name} must be an object with a method ${absent}.`, name)
  }
}

/** Returns a reader that accepts every value, for options that the code using them checks, such as keys. */
export function checkedWhenUsed<Type>(): Reader<Type> {
  return (value) => value as Type
}

/**
 * Reads the scope and joins a list by `scopeSeparator`. An empty scope becomes `undefined`, because the standard does
 * not allow an empty parameter.
 *
 * @see [RFC 6749, section 3.3 - Access Token Scope](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.3)
 */
export function scope(
  value: string | readonly string[],
  name: string,
  { scopeSeparator }: GivenOptions,
): string | undefined {
  const separator = typeof scopeSeparator === 'string' ? scopeSeparator : ' '
  const joined = typeof value === 'string' ? value : texts(value, name).join(separator)
  return joined === '' ? undefined : joined
}

/** Reads the scope of one login: one string, or a list that is copied. */
export function scopeNames(
  value: string | readonly string[],
  name: string,
): string | readonly string[] {
  return typeof value === 'string' ? value : texts(value, name)
}

/**
 * Reads one absolute URI without a fragment, or a list of them, as a list.
 *
 * @see [RFC 8707, section 2 - Resource Parameter](https://www.rfc-editor.org/rfc/rfc8707.html#section-2)
 */
export function resources(value: string | readonly string[], name: string): readonly string[] {
  const all = typeof value === 'string' ? [value] : texts(value, name)
  if (all.every((one) => URL.canParse(one) && !one.includes('#'))) return all
  throw new ConfigurationError(`${name} must be an absolute URI without a fragment.`, name)
}

/** The least number of characters of a secret. 32 random characters of Base64 have 192 bits. */
const MINIMUM_SECRET_LENGTH = 32

/** Reads one secret or a list of them, as a list. Each must have at least 32 characters. */
export function secrets(value: string | readonly string[], name: string): readonly string[] {
  return readSecrets(value, name, name)
}

/** Reads as {@link secrets} does. An application has several, so the message says what this one does, such as `seals the grants`. */
export function secretsThat(use: string): typeof secrets {
  return (value, name) => readSecrets(value, name, `${name}, which ${use},`)
}

function readSecrets(
  value: string | readonly string[],
  name: string,
  subject: string,
): readonly string[] {
  const list: readonly unknown[] = [value].flat()
  const wrong = (what: string): ConfigurationError =>
    new ConfigurationError(`${subject} ${what}`, name)
  if (list.length === 0) throw wrong('has no secret in it.')
  return list.map((secret) => {
    if (typeof secret === 'string' && secret.length >= MINIMUM_SECRET_LENGTH) return secret
    if (secret === '') throw wrong(EMPTY)
    throw wrong(
      `needs at least ${MINIMUM_SECRET_LENGTH} characters, such as "openssl rand -base64 32" makes.`,
    )
  })
}

/** Headers that authenticate the client. The library sets them itself. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set(['authorization', 'dpop'])

/** Reads headers. The names are returned in lower case, so that a header that the library sets replaces one of the same name. */
export function headers(value: unknown, name: string): Readonly<Record<string, string>> {
  const wrong = (what: string): ConfigurationError =>
    new ConfigurationError(`${name} ${what}`, name)
  if (typeof value !== 'object' || value === null) throw wrong('must be an object.')
  const given: readonly (readonly [string, unknown])[] = Object.entries(value)
  const strings = given.map(([header, content]): [string, string] => {
    if (RESERVED_HEADERS.has(header.toLowerCase())) {
      throw wrong(`may not set ${header}: that is what clientAuthentication is for.`)
    }
    if (typeof content !== 'string') throw wrong(`has a ${header} that is not a string.`)
    return [header, content]
  })
  try {
    return Object.fromEntries(new Headers(strings))
  } catch {
    // The message of the built-in error contains the value, which may be a secret.
    throw wrong('has a name or a value that HTTP does not allow.')
  }
}
