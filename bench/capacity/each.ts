/** The items of all batches. Several may take the next one in turn. */
export function* each<Item>(batches: Iterable<readonly Item[]>): Generator<Item> {
  for (const batch of batches) yield* batch
}
