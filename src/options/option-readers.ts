import { ConfigurationError } from '../errors/errors.js'
import { isSecure } from '../lib/secure-url.js'
import { checkAuthorizationDetails } from './authorization-details.js'
import type { AuthorizationDetail } from './authorization-details.js'
import { checkPositive } from './checks.js'
import type { AuthorizationCodeOptions } from './options.js'

type OptionName = keyof AuthorizationCodeOptions

export function missing(option: OptionName): never {
  throw new ConfigurationError(`${option} is missing. Is the environment variable set?`, option)
}

export function text(options: AuthorizationCodeOptions, option: OptionName): string | undefined {
  const value: unknown = options[option]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') {
    throw new ConfigurationError(`${option} must be a string that is not empty.`, option)
  }
  return value
}

export function secureUrl(
  options: AuthorizationCodeOptions,
  option: OptionName,
): string | undefined {
  const value = text(options, option)
  if (value === undefined) return undefined
  if (!URL.canParse(value))
    throw new ConfigurationError(`${option} must be an absolute URL.`, option)
  if (!isSecure(new URL(value))) {
    throw new ConfigurationError(
      `${option} must be HTTPS (plain HTTP is for loopback addresses only).`,
      option,
    )
  }
  return value
}

/** @see [RFC 6749, sections 3.1 and 3.1.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.1) */
export function withoutFragment(options: AuthorizationCodeOptions, option: OptionName): string {
  const value = secureUrl(options, option) ?? missing(option)
  if (value.includes('#'))
    throw new ConfigurationError(`${option} may not have a fragment.`, option)
  return value
}

export function joinScope(options: AuthorizationCodeOptions): string | undefined {
  const { scope, scopeSeparator = ' ' } = options
  const joined = typeof scope === 'string' ? scope : texts(options, 'scope')?.join(scopeSeparator)
  // An empty scope is none: RFC 6749 section 3.3 has no `scope=` without a value.
  return joined === '' ? undefined : joined
}

export function texts(
  options: AuthorizationCodeOptions,
  option: OptionName,
): readonly string[] | undefined {
  const value: unknown = options[option]
  if (value === undefined) return undefined
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
    throw new ConfigurationError(`${option} must be a list of strings.`, option)
  }
  return [...value]
}

export function someOf<const Value extends string>(
  options: AuthorizationCodeOptions,
  option: OptionName,
  values: readonly Value[],
): readonly Value[] | undefined {
  const given = texts(options, option)
  if (given === undefined) return undefined
  const matches = values.filter((candidate) => given.includes(candidate))
  if (matches.length === 0 || matches.length < new Set(given).size) {
    throw new ConfigurationError(`${option} must be a list of ${values.join(', ')}.`, option)
  }
  return matches
}

export function oneOf<const Value extends string>(
  options: AuthorizationCodeOptions,
  option: OptionName,
  values: readonly Value[],
): Value | undefined {
  const value: unknown = options[option]
  if (value === undefined) return undefined
  const match = values.find((candidate) => candidate === value)
  if (match === undefined) {
    throw new ConfigurationError(`${option} must be one of ${values.join(', ')}.`, option)
  }
  return match
}

export function flag(options: AuthorizationCodeOptions, option: OptionName): boolean {
  const value: unknown = options[option] ?? false
  if (typeof value !== 'boolean')
    throw new ConfigurationError(`${option} must be true or false.`, option)
  return value
}

export function positive(
  options: AuthorizationCodeOptions,
  option: OptionName,
): number | undefined {
  const value: unknown = options[option]
  return value === undefined ? undefined : checkPositive(value, option)
}

/** A number of seconds, 0 included. */
export function seconds(options: AuthorizationCodeOptions, option: OptionName): number | undefined {
  const value: unknown = options[option]
  return value === 0 ? 0 : positive(options, option)
}

/** @see [RFC 8707, section 2 - Resource Parameter](https://www.rfc-editor.org/rfc/rfc8707.html#section-2) */
export function resources(options: AuthorizationCodeOptions): readonly string[] {
  const { resource } = options
  const all = typeof resource === 'string' ? [resource] : (texts(options, 'resource') ?? [])
  const unfit = all.find((one) => !URL.canParse(one) || one.includes('#'))
  if (unfit === undefined) return all
  throw new ConfigurationError('resource must be an absolute URI without a fragment.', 'resource')
}

/** @see [RFC 9396, section 2 - Request Parameter "authorization_details"](https://www.rfc-editor.org/rfc/rfc9396.html#section-2) */
export function details({
  authorizationDetails = [],
}: AuthorizationCodeOptions): readonly AuthorizationDetail[] {
  return checkAuthorizationDetails(authorizationDetails)
}

export function callback<Option extends 'parseProfile' | 'parseTokenResponse'>(
  options: AuthorizationCodeOptions,
  option: Option,
): AuthorizationCodeOptions[Option] {
  const value = options[option]
  if (value !== undefined && typeof value !== 'function') {
    throw new ConfigurationError(`${option} must be a function.`, option)
  }
  return value
}

export function withMethods<Option extends 'dispatcher' | 'ledger' | 'pendingLogins'>(
  options: AuthorizationCodeOptions,
  option: Option,
  methods: readonly string[],
): AuthorizationCodeOptions[Option] {
  const value = options[option]
  const members = Object(value) as Record<string, unknown>
  const lacking = methods.find((method) => typeof members[method] !== 'function')
  if (value !== undefined && lacking !== undefined) {
    throw new ConfigurationError(`${option} must be an object with a method ${lacking}.`, option)
  }
  return value
}

/** Headers that belong to the client's proof. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set(['authorization', 'dpop'])

/** The headers with their names in lower case, so that the library's own replace them whatever their spelling. */
export function headers({ customHeaders = {} }: AuthorizationCodeOptions): Record<string, string> {
  const given: unknown = customHeaders
  if (typeof given !== 'object' || given === null) throw headersError('must be an object.')
  for (const [name, value] of Object.entries<unknown>(customHeaders)) {
    if (RESERVED_HEADERS.has(name.toLowerCase())) {
      throw headersError(`may not set ${name}: that is what clientAuthentication is for.`)
    }
    if (typeof value !== 'string') throw headersError(`has a ${name} that is not a string.`)
  }
  try {
    return Object.fromEntries(new Headers(customHeaders))
  } catch {
    // The built-in error quotes the value, which may be a key.
    throw headersError('has a name or a value that HTTP does not allow.')
  }
}

function headersError(what: string): ConfigurationError {
  return new ConfigurationError(`customHeaders ${what}`, 'customHeaders')
}
