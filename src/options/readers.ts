import { ConfigurationError } from '../errors/errors.js'
import { isSecure } from '../lib/secure-url.js'
import type { GivenOptions } from './option-table.js'

/** Checks a value of an option and returns it typed. */
type Reader<Value> = (value: unknown, name: string) => Value

// Each function here checks one value and returns it typed. All throw a ConfigurationError that names the
// option and never quotes the value, which may be a secret.

/** A string that is not empty. */
export function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new ConfigurationError(`${name} must be a string that is not empty.`, name)
}

/** The same for a required option whose value usually comes from the environment: its type has `undefined`. */
export function environmentText(value: string | undefined, name: string): string {
  return text(value, name)
}

/** A list of strings, copied. */
export function texts(value: unknown, name: string): readonly string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return [...value]
  throw new ConfigurationError(`${name} must be a list of strings.`, name)
}

/** `true` or `false`. */
export function flag(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value
  throw new ConfigurationError(`${name} must be true or false.`, name)
}

/** The longest time that a timer of Node.js can wait, in milliseconds. A longer one would end at once. */
const LONGEST_TIMER_MS = 2_147_483_647

/** A whole number from 1 to the longest time of a timer. */
export function positive(value: unknown, name: string): number {
  const isFine =
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= LONGEST_TIMER_MS
  if (isFine) return value
  throw new ConfigurationError(
    `${name} must be a whole number from 1 to ${LONGEST_TIMER_MS}.`,
    name,
  )
}

/** A whole number, 0 included. */
export function zeroOrMore(value: unknown, name: string): number {
  return value === 0 ? 0 : positive(value, name)
}

/** An absolute URL: HTTPS, or HTTP on a loopback address. */
export function secureUrl(value: unknown, name: string): string {
  const url = text(value, name)
  if (!URL.canParse(url)) throw new ConfigurationError(`${name} must be an absolute URL.`, name)
  if (isSecure(new URL(url))) return url
  throw new ConfigurationError(
    `${name} must be HTTPS (plain HTTP is for loopback addresses only).`,
    name,
  )
}

/** @see [RFC 6749, sections 3.1 and 3.1.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.1) */
export function urlWithoutFragment(value: unknown, name: string): string {
  const url = secureUrl(value, name)
  if (!url.includes('#')) return url
  throw new ConfigurationError(`${name} may not have a fragment.`, name)
}

/** One of these strings. */
export function oneOf<const Value extends string>(...values: readonly Value[]): Reader<Value> {
  return (value, name) => {
    const match = values.find((candidate) => candidate === value)
    if (match !== undefined) return match
    throw new ConfigurationError(`${name} must be one of ${values.join(', ')}.`, name)
  }
}

/** A list of some of these strings, at least one. */
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

/** A function. */
export function aFunction<Type>(): Reader<Type> {
  return (value, name) => {
    if (typeof value === 'function') return value as Type
    throw new ConfigurationError(`${name} must be a function.`, name)
  }
}

/** A function, or what `read` takes. */
export function orFunction<Value, Type>(read: Reader<Value>): Reader<Value | Type> {
  return (value, name) => (typeof value === 'function' ? (value as Type) : read(value, name))
}

/** An object with these methods. */
export function withMethods<Type>(...methods: readonly (keyof Type & string)[]): Reader<Type> {
  return (value, name) => {
    const members = Object(value) as Type
    const lacking = methods.find((method) => typeof members[method] !== 'function')
    if (lacking === undefined) return value as Type
    throw new ConfigurationError(`${name} must be an object with a method ${lacking}.`, name)
  }
}

/** Anything: for what is checked by the code that uses it, such as a key. */
export function checkedWhenUsed<Type>(): Reader<Type> {
  return (value) => value as Type
}

/** The scope as it goes on the wire; `undefined` for an empty one: RFC 6749 section 3.3 has no `scope=` without a value. */
export function scope(
  value: string | readonly string[],
  name: string,
  { scopeSeparator }: GivenOptions,
): string | undefined {
  const separator = typeof scopeSeparator === 'string' ? scopeSeparator : ' '
  const joined = typeof value === 'string' ? value : texts(value, name).join(separator)
  return joined === '' ? undefined : joined
}

/** @see [RFC 8707, section 2 - Resource Parameter](https://www.rfc-editor.org/rfc/rfc8707.html#section-2) */
export function resources(value: string | readonly string[], name: string): readonly string[] {
  const all = typeof value === 'string' ? [value] : texts(value, name)
  if (all.every((one) => URL.canParse(one) && !one.includes('#'))) return all
  throw new ConfigurationError(`${name} must be an absolute URI without a fragment.`, name)
}

/** A secret has at least this many characters. */
const MINIMUM_SECRET_LENGTH = 32

/** One secret or a list, each of at least 32 characters; read as a list. */
export function secrets(value: string | readonly string[], name: string): readonly string[] {
  const list: readonly unknown[] = [value].flat()
  if (list.length === 0) throw new ConfigurationError(`${name} has no secret in it.`, name)
  return list.map((secret) => {
    if (typeof secret === 'string' && secret.length >= MINIMUM_SECRET_LENGTH) return secret
    throw new ConfigurationError(
      `${name} needs at least ${MINIMUM_SECRET_LENGTH} characters, such as "openssl rand -base64 32" makes.`,
      name,
    )
  })
}

/** Headers that prove who the client is. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set(['authorization', 'dpop'])

/** Headers, their names in lower case, so that the library's own replace them whatever their spelling. */
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
    // The built-in error quotes the value, which may be a key.
    throw wrong('has a name or a value that HTTP does not allow.')
  }
}
