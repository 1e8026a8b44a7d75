/** The clock of a test provider. It is that of the machine (`Date.now`), plus what a test has advanced it. */
export interface TestClock {
  /** What time it is at the provider, in **milliseconds since the epoch**. */
  readonly now: () => number
  /**
   * Moves the clock forward, or back if it is negative. Everything that the provider has issued gets older.
   *
   * @param ms in **milliseconds**
   */
  readonly advance: (ms: number) => void
}

/** Creates a clock, and a function that sets it back to that of the machine. */
export function createTestClock(): { readonly clock: TestClock; readonly reset: () => void } {
  let ahead = 0
  return {
    clock: {
      // `Date.now`, which a test may have put forward.
      now: () => Date.now() + ahead,
      advance(ms) {
        ahead += ms
      },
    },
    reset: () => (ahead = 0),
  }
}
