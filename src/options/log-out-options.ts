/** The options of `strategy.logOut`. */
export interface LogOutOptions {
  /**
   * Where the person wants to go when they come back from the provider: a path of this origin, which `finishLogOut`
   * returns. Anything else counts as left out.
   */
  readonly returnTo?: string | undefined
}
