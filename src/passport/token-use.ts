import { ConfigurationError } from '../errors/setup-errors.js'
import type { Wanted } from '../grants/ask.js'
import type { WantedUse } from '../grants/uses.js'
import { resources, text } from '../options/readers.js'

/** Which access token of a grant is wanted. */
export interface AccessTokenUse {
  /**
   * What the token must be allowed to do, as one string or a list. It may be less than the person has granted: then the
   * token can do no more than that.
   *
   * @default what the grant allows
   * @see [RFC 6749, section 6 - Refreshing an Access Token](https://www.rfc-editor.org/rfc/rfc6749.html#section-6)
   */
  readonly scope?: string | readonly string[] | undefined
  /**
   * The API for which the token is: an absolute URI, or several, as the provider knows them.
   *
   * @default the option `resource`
   * @see [RFC 8707, section 2 - Resource Parameter](https://www.rfc-editor.org/rfc/rfc8707.html#section-2)
   */
  readonly resource?: string | readonly string[] | undefined
}

/** What can be said to `accessToken`. */
export interface AccessTokenOptions extends AccessTokenUse {
  /** An access token that an API has refused: resolves to a different one. */
  readonly refused?: string | undefined
}

const NAMES: ReadonlySet<string> = new Set(['scope', 'resource', 'refused'])

/** @throws {ConfigurationError} naming what is unknown or cannot be used */
export function wantedOf(options: AccessTokenOptions, scopeSeparator: string): Wanted {
  const unknown = Object.keys(Object(options) as object).find((name) => !NAMES.has(name))
  if (unknown !== undefined) {
    throw new ConfigurationError(
      `accessToken has no option '${unknown}'. There are scope, resource and refused.`,
      unknown,
    )
  }
  const { refused } = options
  const use = useOf(options, scopeSeparator)
  return { refused, use, scope: use.scope }
}

function useOf({ scope, resource }: AccessTokenUse, separator: string): WantedUse {
  const names = typeof scope === 'string' ? scope.split(separator) : scope
  return {
    scope: names?.map((name) => text(name, 'scope')).filter((name) => name !== ''),
    resource: resource === undefined ? undefined : resources(resource, 'resource'),
  }
}
