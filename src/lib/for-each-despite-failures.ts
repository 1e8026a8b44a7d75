import { forEachAtOnce } from './for-each-at-once.js'

/**
 * Calls `work` for each item, for up to `limit` of them at the same time. One that fails holds up no other: all are worked on.
 *
 * @throws whatever iterating throws, or else, after all, what `work` has thrown first
 */
export async function forEachDespiteFailures<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  await forEachAtOnce(items, limit, (item) =>
    work(item).catch((error: unknown) => void failures.push(error)),
  )
  for (const failure of failures) throw failure
}
