/**
 * The person at the provider, in the shape Passport's strategies share.
 *
 * @see [Passport, normalized user profile](https://www.passportjs.org/reference/normalized-profile/)
 */
export interface Profile {
  /** The strategy's `name`, such as `askara`. */
  readonly provider: string
  /** The provider's lasting identifier for the person; `undefined` if its answer has none. */
  readonly id: string | undefined
  readonly displayName?: string
  readonly emails?: readonly { readonly value: string }[]
  /** The provider's whole answer. */
  readonly _json: Readonly<Record<string, unknown>>
}

/** What a provider's profile document says of a person; see the option `parseProfile`. */
export interface ParsedProfile {
  /** The provider's lasting identifier for the person. */
  readonly id: string | undefined
  readonly displayName?: string | undefined
  readonly email?: string | undefined
}
