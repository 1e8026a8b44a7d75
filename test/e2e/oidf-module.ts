/** A module of the OpenID Foundation’s conformance suite, and what proves it here. */
export interface OidfModule {
  /** The suite’s own name (`testName`), and in brackets the variant that it is run in, if only that is meant. */
  readonly name: string
  /** What the module looks at, in a few words. */
  readonly checks: string
  /** The ids of the tests that prove it, or `not applicable: ` and the reason. */
  readonly provenBy: readonly string[]
}

/** The modules by the name of their plan. */
export type OidfPlans = Readonly<Record<string, readonly OidfModule[]>>
