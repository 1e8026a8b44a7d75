/** A change of one file. */
export interface Change {
  /** A path below `src`. */
  readonly file: string
  /** Is in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** The source without one rule, or with a weaker one. */
export interface Mutant extends Change {
  /** The rows of the conformance tables whose rule disappears, as {@link ConformanceRow.key} has them. */
  readonly rows: readonly string[]
  /** The ids of the tests that must fail. Each of the rows names all of them. */
  readonly tests: readonly string[]
  /** Further changes, in other files or places: where two checks would both have noticed, neither is of use alone. */
  readonly also?: readonly Change[]
  /** What the source does no more. */
  readonly gone: string
  /** Why no test can fail: what the rest of the source does about it. Such a mutant must survive. */
  readonly equivalent?: string
}

/** Why a row that names tests has no mutant. */
export interface WithoutMutant {
  readonly row: string
  readonly reason: string
}
