import { ConfigurationError } from '../errors/setup-errors.js'
import type { GrantRecord } from './grant-record.js'
import { isRenewable, isValid } from './line-state.js'

/** For how long another login would bring no better token than the last one, in **milliseconds**. */
const RECENT_MS = 10_000

/**
 * Refuses to send somebody to log in who has come from there a moment ago, with a token that has expired already and no refresh
 * token. The browser would go back and forth between the application and the provider for ever.
 *
 * @param now in **milliseconds since the epoch**
 * @throws {ConfigurationError} saying what is wrong with the token
 */
export function refuseLoginInVain(record: GrantRecord | undefined, now: number): void {
  const [newest] = record?.lines ?? []
  if (newest === undefined || isValid(newest, now) || isRenewable(newest, now)) return
  // After a refresh, the login was earlier. What the provider has refused, it has ended.
  if (newest.generation > 1 || newest.refused !== undefined) return
  if (now - (newest.obtainedAt ?? 0) >= RECENT_MS) return
  throw new ConfigurationError(
    'The access token has expired within seconds after the login, and there is no refresh token: another login would not help. Ask the provider for tokens that live longer, or for a refresh token. If it sends expires_in: 0 for tokens that do not expire, leave that out by parseTokenResponse.',
  )
}
