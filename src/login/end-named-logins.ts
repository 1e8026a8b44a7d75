import type { GrantIndex, NamedEnd } from '../grants/grant-index.js'
import type { ProviderName } from '../grants/index-names.js'
import type { EndLogin } from './end-login.js'

/**
 * Ends all logins that are listed under names of the provider's, with their sessions.
 *
 * @param at when the provider has ended them, in **milliseconds since the epoch**, by its own clock
 * @throws {StorageError} if the store of grants or the session store fails
 */
export type EndNamedLogins = (
  names: readonly ProviderName[],
  at: number,
  sessionStore: object,
) => Promise<void>

/** Creates {@link EndNamedLogins}. */
export function createEndNamedLogins(
  index: Pick<GrantIndex, 'end'>,
  endLogin: EndLogin,
): EndNamedLogins {
  const inTurn = createTurnsByName()
  return async (names, at, sessionStore) => {
    for (const name of names) {
      const ended: NamedEnd = { name, at }
      // One after the other: a provider may send a logout for each of a person's sessions, at once.
      await inTurn(name.name, () =>
        index.end(ended, (id, noted) => endLogin(id, noted, sessionStore)),
      )
    }
  }
}

/** Does the work for each name one after the other. */
function createTurnsByName() {
  const last = new Map<string, Promise<void>>()
  return async (name: string, work: () => Promise<void>): Promise<void> => {
    const before = last.get(name) ?? Promise.resolve()
    const done = before.then(work)
    const over = done
      .catch(() => undefined)
      .finally(() => {
        if (last.get(name) === over) last.delete(name)
      })
    last.set(name, over)
    return done
  }
}
