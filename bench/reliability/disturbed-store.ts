/** A stretch of time, in milliseconds since the epoch. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** The store that is disturbed during the run, and what has befallen it. */
export interface DisturbedStore {
  readonly name: 'Redis' | 'PostgreSQL'
  /** When it was away: from the signal, or from the cut, to the first answer. */
  readonly outages: readonly Stretch[]
  /** When it acknowledged writes that were lost later. */
  readonly losses: readonly Stretch[]
}
