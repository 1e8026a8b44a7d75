import { refusalOfRefresh } from '../endpoints/refresh-refusal.js'
import { LoginRequiredError } from '../errors/errors.js'
import { isRenewable, isValid } from './grant-state.js'
import { stateOf, withNewerEntry } from './token-entry.js'
import type { HeldGrant, TokenEntries, TokenEntry } from './token-entry.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { GrantState, Ledger, RenewalLimits } from '../options/ledger.js'
import type { TokenSet } from '../options/token-set.js'
import { requireSession } from '../session/request-session.js'
import type { StrategyData } from '../session/request-session.js'
import { tryToChangeStoredData } from '../session/stored-session.js'

/** The result of one refresh: the next state of the grant, or that the grant has ended. */
export type RefreshOutcome =
  | { readonly outcome: 'refreshed'; readonly state: GrantState }
  | {
      readonly outcome: 'ended'
      /** What the provider answered, such as `invalid_grant`; `undefined` if it was not asked. */
      readonly reason?: string
    }

/** Sends the provider one token request for the next state of a grant. */
export type RefreshGrant = (state: GrantState) => Promise<RefreshOutcome>

/**
 * Creates a {@link RefreshGrant}, which rejects with every error of `refresh` that does not end the grant.
 *
 * @param refresh sends one token request
 * @param refreshBeforeSeconds how long before it expires the new access token is due for renewal, in **seconds**
 * @see [RFC 6749, section 6 - Refreshing an Access Token](https://www.rfc-editor.org/rfc/rfc6749.html#section-6)
 */
export function createRefreshGrant(
  refresh: (tokens: TokenSet) => Promise<TokenSet>,
  refreshBeforeSeconds: number,
): RefreshGrant {
  return async (state) => {
    const { tokens, version } = state
    if (!isRenewable(tokens)) return { outcome: 'ended' }
    try {
      const next = stateOf(await refresh(tokens), version + 1, refreshBeforeSeconds)
      return { outcome: 'refreshed', state: next }
    } catch (error) {
      const reason = refusalOfRefresh(error, isValid(state))
      if (reason === undefined) throw error
      return { outcome: 'ended', reason }
    }
  }
}

/** A grant that has been renewed. */
export interface RenewedGrant {
  /** Its new state. */
  readonly state: GrantState
  /** The entry for the session, with the new state. */
  readonly entry: TokenEntry
  /** `refreshed`: by this call. `shared`: by another request or process. */
  readonly source: 'refreshed' | 'shared'
}

/**
 * Renews the grant of a request's session and writes the result into the stored session. Among all requests
 * and processes that share the ledger, one sends the token request, and the others get its result.
 *
 * @param forced sends a token request even if another request has already renewed the grant
 * @throws {LoginRequiredError} if the grant has ended
 * @throws {TokenEndpointError} if the provider fails
 * @throws {StorageError} if the ledger cannot be reached
 */
export type RenewGrant = (
  request: LoginRequest,
  held: HeldGrant,
  forced: boolean,
) => Promise<RenewedGrant>

/** What renewing a grant needs. */
export interface RenewGrantParts {
  readonly sessionKey: string
  readonly ledger: Ledger
  readonly limits: RenewalLimits
  /** How long the session store may take, in **milliseconds**. */
  readonly timeoutMs: number
  readonly entries: TokenEntries
  readonly refreshGrant: RefreshGrant
  /** Revokes tokens whose grant has ended. */
  readonly revoke: (tokens: TokenSet) => Promise<void>
}

/** Creates a {@link RenewGrant}. */
export function createRenewGrant(parts: RenewGrantParts): RenewGrant {
  const { sessionKey, ledger, limits, timeoutMs, entries, refreshGrant, revoke } = parts

  return async (request, held, forced) => {
    const connected = entries.find(requireSession(request))?.connected ?? false
    let { state } = held
    let source: RenewedGrant['source'] = 'shared'
    for (let renewed = false; !renewed;) {
      let fresh: GrantState | undefined
      const current = state
      const refresh = async (): Promise<GrantState | undefined> => {
        const refreshed = await refreshGrant(current)
        return (fresh = refreshed.outcome === 'refreshed' ? refreshed.state : undefined)
      }
      const renewal = await ledger.renew(held.grant, current, refresh, limits)
      if (renewal.outcome === 'ended') {
        // The person logged out while the provider was answering: these tokens have no owner.
        if (fresh !== undefined) void revoke(fresh.tokens)
        throw new LoginRequiredError('grant_ended')
      }
      state = renewal.state
      source = fresh === undefined ? 'shared' : 'refreshed'
      renewed = renewal.outcome === 'renewed' || (!forced && isValid(state))
    }
    const entry = await entries.make(held.grant, state, connected)
    // If the session store fails, the next request finds the newer state in the ledger.
    const change = (data: StrategyData) => withNewerEntry(data, entry)
    await tryToChangeStoredData(request, sessionKey, change, timeoutMs)
    return { state, entry, source }
  }
}
