/**
 * What is known of a login besides its tokens. With grants in a store it is in the record, sealed; with tokens in the session it
 * is beside them.
 */
export interface LoginNote {
  /** Identifies the person at the provider: a hash of their id there. Left out if the provider names nobody. */
  readonly person?: string | undefined
  /** The `acr` of the ID token. */
  readonly acr?: string | undefined
  /** The `auth_time` of the ID token, in **milliseconds since the epoch**. */
  readonly authenticatedAt?: number | undefined
  /** The scope that was asked for, if the provider did not say which it has granted. */
  readonly scope?: string | undefined
  /** What the login was to add, and when it came back, in **milliseconds since the epoch**. */
  readonly asked?:
    | {
        readonly scope?: readonly string[] | undefined
        readonly acrValues?: readonly string[] | undefined
        readonly maxAgeSeconds?: number | undefined
        readonly at: number
      }
    | undefined
}
