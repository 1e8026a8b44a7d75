import { LoginRequiredError, TokenEndpointError } from '../errors/errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { GrantState, Ledger, RenewalLimits } from '../options/ledger.js'
import type { TokenSet } from '../options/token-set.js'
import { requireSession } from '../session/session-part.js'
import type { SessionPart } from '../session/session-part.js'
import { tryToChangeStoredPart } from '../session/stored-session.js'
import { isRenewable, isValid } from './grant-state.js'
import { stateOf, withNewerEntry } from './token-entry.js'
import type { HeldGrant, TokenEntries, TokenEntry } from './token-entry.js'

/** What a refresh has brought: the next state of the grant, or why there will be none. */
export type RefreshOutcome =
  | { readonly outcome: 'refreshed'; readonly state: GrantState }
  | {
      readonly outcome: 'ended'
      /** What the provider answered, such as `invalid_grant`; `undefined` if it was not asked. */
      readonly reason?: string
    }

/** Asks the provider once for the next state of a grant. */
export type RefreshGrant = (state: GrantState) => Promise<RefreshOutcome>

/**
 * Refreshes grants with `refresh`, which makes one token request.
 *
 * @throws whatever `refresh` throws that is not the provider's last word on the grant
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
      const reason = finalRefusal(error, state)
      if (reason === undefined) throw error
      return { outcome: 'ended', reason }
    }
  }
}

/**
 * Why a refusal is final for a grant; `undefined` if the next refresh may succeed. A refusal with a 5xx
 * status never is final.
 *
 * For a refresh token that is no longer valid, @jmondi/oauth2-server answers `invalid_request`, as Better
 * Auth and Authlib once did, and Glewlwyd answers 400 with an empty body. Two refreshes differ in nothing
 * but the token, so the same answer would come again and again. It may also mean the client, and a valid
 * access token is not given up for it.
 */
function finalRefusal(error: unknown, state: GrantState): string | undefined {
  if (!(error instanceof TokenEndpointError) || error.retryable) return undefined
  const { error: code, httpStatus } = error
  if (code === 'invalid_grant') return code
  if (isValid(state) || httpStatus !== 400) return undefined
  if (code === undefined) return 'http_400'
  return code === 'invalid_request' ? code : undefined
}

/** A grant that has been renewed. */
export interface RenewedGrant {
  readonly state: GrantState
  readonly entry: TokenEntry
  /** `refreshed` by this call, or `shared`: another request or process had refreshed it. */
  readonly source: 'refreshed' | 'shared'
}

/**
 * Renews the grant of a request's session, together with everybody who shares the ledger, and writes the
 * result into the stored session.
 *
 * @param forced renews in any case, also if somebody else has renewed it before
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
  /** Revokes tokens that nobody will use. */
  readonly revoke: (tokens: TokenSet) => Promise<void>
}

/** Creates {@link RenewGrant}. */
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
    const change = (part: SessionPart) => withNewerEntry(part, entry)
    await tryToChangeStoredPart(request, sessionKey, change, timeoutMs)
    return { state, entry, source }
  }
}
