/** A grant that the provider has refused to refresh for good. */
export interface GrantRefusal {
  /** The strategy's `name`. */
  readonly strategy: string
  /** Your own id of the person, as `accountOf` has returned it at the login. */
  readonly account?: string
  /** What the provider has answered, such as `invalid_grant`. */
  readonly reason: string
}
