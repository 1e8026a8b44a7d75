import type { StrategyData } from '../session/strategy-data.js'
import type { GrantOwner } from './grant-record.js'

/** The holder of the grant as the session knows it: see `GrantOwner.holder`. */
export function holderIn({ holder }: StrategyData): string | undefined {
  return typeof holder === 'string' ? holder : undefined
}

/**
 * Whether a session may use the grant that it has. A login for more moves a grant to a new session: then it has ended for the one
 * before. The session of a connected provider stays the same, whatever it knows of the last login for more.
 */
export function mayUse(data: StrategyData, { holder, connected }: Partial<GrantOwner>): boolean {
  return holder === undefined || connected === true || holder === holderIn(data)
}

/**
 * The record of the grant that a session has: as this process has seen it, unless the session knows another holder. Then one of them
 * is older than a login for more, and it is looked at again.
 *
 * @param seen what the process has seen
 * @param look reads it from the store
 * @throws {StorageError}
 */
export async function asNewAs<Owned extends { readonly of: GrantOwner }>(
  data: StrategyData,
  seen: Owned | undefined,
  look: () => Promise<Owned | undefined>,
): Promise<Owned | undefined> {
  return seen === undefined || seen.of.holder === holderIn(data) ? seen : look()
}
