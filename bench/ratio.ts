import type { Name } from './apps/index.js'
import type { Operation } from './load.js'
import type { Figures } from './measure.js'
import type { Results } from './results.js'

/** A ratio over the rounds: its median, and its least and greatest. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly greatest: number
}

/** The ratio of one application to another, each round by itself. */
export function ratio(
  results: Results,
  name: Name,
  operation: Operation,
  figure: keyof Figures,
  to: Name = 'bare',
): Spread {
  const of = (one: Name): readonly Figures[] => results.rounds?.[one]?.[operation] ?? []
  return ratios(of(name), of(to), figure)
}

/** The ratios of some figures to others of the same rounds. */
export function ratios(
  figures: readonly Figures[],
  others: readonly Figures[],
  figure: keyof Figures,
): Spread {
  const values = figures.map((one, round) => one[figure] / (others[round]?.[figure] ?? NaN))
  const sorted = values.sort((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? NaN
  const middle = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    greatest: at(sorted.length - 1),
  }
}
