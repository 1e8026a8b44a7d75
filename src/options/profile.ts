/**
 * The profile of the person at the provider, in the format that Passport's strategies share.
 *
 * @see [Passport, normalized user profile](https://www.passportjs.org/reference/normalized-profile/)
 */
export interface Profile {
  /** The strategy's `name`, such as `askara`. */
  readonly provider: string
  /** The provider's permanent identifier for the person; `undefined` if its response has none. */
  readonly id: string | undefined
  /** The name to show. */
  readonly displayName?: string
  /** At most one email address. The provider may not have verified it. */
  readonly emails?: readonly { readonly value: string }[]
  /** The complete response, as the provider sent it. */
  readonly _json: Readonly<Record<string, unknown>>
}

/** What the option `parseProfile` returns: the fields of a {@link Profile} that are read from the response. */
export interface ParsedProfile {
  /** The provider's permanent identifier for the person; `undefined` if the response has none. */
  readonly id: string | undefined
  /** The name to show. */
  readonly displayName?: string | undefined
  /** The email address. */
  readonly email?: string | undefined
}
