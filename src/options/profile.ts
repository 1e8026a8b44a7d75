/**
 * The person's profile at the provider, with the fields that all Passport strategies use.
 *
 * @see [Passport, normalized user profile](https://www.passportjs.org/reference/normalized-profile/)
 */
export interface Profile {
  /** The strategy's `name`, such as `askara`. */
  readonly provider: string
  /** The person's identifier at the provider, which never changes. */
  readonly id: string
  /** The person's full name. Left out if the provider sent none. */
  readonly displayName?: string
  /** The person's email addresses. Left out if the provider sent none. */
  readonly emails?: readonly { readonly value: string }[]
  /**
   * Whether the provider says that the email address is verified. Left out if it says nothing, or sent no address. Even `true`
   * says only that the address was the person's when they verified it there.
   */
  readonly emailVerified?: boolean
  /** The provider's whole answer, unchanged: the JSON, or the claims of the JWT. */
  readonly _json: Readonly<Record<string, unknown>>
}

/** What the option `parseProfile` returns: a person's data from the provider's profile document. */
export interface ParsedProfile {
  /** The person's identifier at the provider, which never changes. Without one, the login fails with a `ProfileError`. */
  readonly id: string | undefined
  /** The person's full name. */
  readonly displayName?: string | undefined
  /** The person's email address. */
  readonly email?: string | undefined
  /** Whether the provider says that this address is verified; `undefined` if it says nothing. */
  readonly emailVerified?: boolean | undefined
}
