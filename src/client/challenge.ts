/** How much of the header is read, in **characters**. The rest of a longer one is ignored. */
const MAXIMUM_LENGTH = 4096

/** `name=value` or `name="value"`. A quoted value may have commas, and quotes after a backslash. */
const PARAMETER = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g

/** The parameters that are read. */
const NAMES = [
  'error',
  'error_description',
  'scope',
  'acr_values',
  'max_age',
  'resource_metadata',
] as const

/** Why a resource rejects an access token, in the words of the provider. They may contain anything. */
export interface Challenge {
  /** The OAuth `error` code, such as `insufficient_scope`. */
  readonly error?: string
  readonly error_description?: string
  /** The scope that the access token would need. */
  readonly scope?: string
  /** The ways of authentication, one of which is needed, separated by spaces (RFC 9470). */
  readonly acr_values?: string
  /** How old the authentication may be, in **seconds** (RFC 9470). */
  readonly max_age?: string
  /** Where the resource's metadata are (RFC 9728, section 5.1). */
  readonly resource_metadata?: string
}

/**
 * What the `WWW-Authenticate` headers of an answer say. If there are several challenges, each parameter is taken from
 * the first one that has it.
 *
 * @see [RFC 6750, section 3 - The WWW-Authenticate Response Header Field](https://www.rfc-editor.org/rfc/rfc6750.html#section-3)
 * @see [RFC 9110, section 11.2 - Authentication Parameters](https://www.rfc-editor.org/rfc/rfc9110.html#section-11.2)
 */
export function readChallenge(header: string | readonly string[] | null | undefined): Challenge {
  const text = [header ?? []].flat().join(', ').slice(0, MAXIMUM_LENGTH)
  const found = new Map<string, string>()
  for (const [, name = '', quoted, plain = ''] of text.matchAll(PARAMETER)) {
    const key = name.toLowerCase()
    if (!found.has(key)) found.set(key, quoted?.replaceAll(/\\(.)/g, '$1') ?? plain)
  }
  const read = NAMES.flatMap((name) => {
    const value = found.get(name)
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(read) as Challenge
}
