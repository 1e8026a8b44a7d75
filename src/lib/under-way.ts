/** Counts work that has begun and is not over, for whoever waits until a process can end. */
export interface UnderWay {
  /** How much work is under way. */
  readonly count: () => number
  /** The same function, whose calls are counted. */
  readonly counted: <Given extends readonly unknown[], Value>(
    work: (...given: Given) => Promise<Value>,
  ) => (...given: Given) => Promise<Value>
}

/** Creates an {@link UnderWay}. */
export function createUnderWay(): UnderWay {
  let count = 0
  return {
    count: () => count,
    counted:
      (work) =>
      async (...given) => {
        count += 1
        try {
          return await work(...given)
        } finally {
          count -= 1
        }
      },
  }
}
