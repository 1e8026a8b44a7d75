import type { TokenEndpointError } from '../errors/provider-errors.js'

/** A grant that the provider has refused to refresh for good. */
export interface GrantRefusal {
  /** The strategy's `name`. */
  readonly strategy: string
  /** Your own id of the person, as `accountOf` has returned it at the login. */
  readonly account?: string
  /** What the provider has answered, such as `invalid_grant`. */
  readonly reason: string
}

/**
 * Decides whether a failed refresh is final: `true` if every later one will fail too and the person has to log in again,
 * `false` if it may succeed later. `undefined` leaves it to the default.
 */
export type IsGrantRefused = (error: TokenEndpointError) => boolean | undefined
