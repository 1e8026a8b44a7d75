/** How many are done at once. */
const AT_ONCE = 8

/** Does the same for each of many, a few at a time. */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  action: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (let first = 0; first < items.length; first += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(first, first + AT_ONCE).map(action))))
  }
  return results
}
