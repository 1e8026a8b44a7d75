/**
 * The number of letters that must be added, removed or replaced to turn `a` into `b`.
 *
 * @see [Levenshtein distance](https://en.wikipedia.org/wiki/Levenshtein_distance)
 */
export function editDistance(a: string, b: string): number {
  // One row of the usual matrix at a time: each needs only the row above it.
  let above = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [row, letter] of Array.from(a).entries()) {
    const line = [row + 1]
    for (const [column, other] of Array.from(b).entries()) {
      const replaced = (above[column] ?? 0) + (letter === other ? 0 : 1)
      const removed = (above[column + 1] ?? 0) + 1
      const added = (line[column] ?? 0) + 1
      line.push(Math.min(replaced, removed, added))
    }
    above = line
  }
  return above.at(-1) ?? 0
}
