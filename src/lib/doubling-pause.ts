/** How long the pauses after failures are, in **milliseconds**. */
export interface Pauses {
  readonly firstMs: number
  readonly longestMs: number
}

/**
 * How long to wait after so many failures, in **milliseconds**: doubling, and between half and all of it, so that not all who
 * wait try again at the same moment.
 *
 * @param attempts that have failed one after the other, at least 1
 */
export function doublingPause(
  attempts: number,
  { firstMs, longestMs }: Pauses,
  random: () => number,
): number {
  const longest = Math.min(longestMs, firstMs * 2 ** (attempts - 1))
  return Math.round(longest * (0.5 + random() / 2))
}
