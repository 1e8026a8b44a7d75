/**
 * What a login attempt is that a browser has: `pending`; `unasked`, which is pending too, but was started by another
 * site; or `over`.
 */
export type Attempt = 'pending' | 'unasked' | 'over'

const ORDER: readonly Attempt[] = ['pending', 'unasked', 'over']

/**
 * The attempts in the order in which they are worth keeping when there are too many. Logins that another site has
 * started come after all others that are pending: otherwise, it could push those out that the person has started.
 *
 * @param attempts the oldest first; within one kind, the newest is worth the most
 */
export function worthKeepingFirst<Entry>(
  attempts: readonly Entry[],
  kindOf: (entry: Entry) => Attempt,
): readonly Entry[] {
  const newestFirst = attempts.toReversed()
  return ORDER.flatMap((kind) => newestFirst.filter((entry) => kindOf(entry) === kind))
}
