import { LoginRequiredError } from '../errors/errors.js'
import type { LoginRequiredReason } from '../errors/errors.js'
import { isDue, isRenewable, isValid, outlivesRequest } from './grant-state.js'
import type { RenewGrant, RenewedGrant } from './renew-grant.js'
import { entryId, withNewerEntry, withoutEntry } from './token-entry.js'
import type { HeldGrant, TokenEntries } from './token-entry.js'
import type { LoginRequest } from '../lib/login-request.js'
import { createSingleFlight } from '../lib/single-flight.js'
import type { GrantState, Ledger } from '../options/ledger.js'
import type { TokenSet } from '../options/token-set.js'
import { readStrategyData, requireSession, showStrategyData } from '../session/request-session.js'
import type { StrategyData } from '../session/request-session.js'
import { tryToChangeStoredData } from '../session/stored-session.js'

/** Reads, renews and ends the tokens that one strategy has in the sessions. */
export interface SessionTokens {
  /** The token set of the request's session; `undefined` if it has none, or none that can be read. */
  readonly read: (request: LoginRequest) => Promise<TokenSet | undefined>

  /**
   * Resolves to an access token that is valid now, and renews it first if necessary. `renew` renews it in any case.
   *
   * @throws {LoginRequiredError} if the person has to log in again
   * @throws {TokenEndpointError} if the token has expired, or `renew` is set, and the provider fails
   * @throws {StorageError} if the token has expired, or `renew` is set, and the ledger cannot be reached
   */
  readonly accessToken: (
    request: LoginRequest,
    options?: { readonly renew?: boolean | undefined },
  ) => Promise<string>

  /**
   * Resolves to a different access token than `refused`, which an API has rejected: the session's, if another
   * request has renewed it since, or else a renewed one. `undefined` if there is no refresh token.
   *
   * @throws {LoginRequiredError} if the person has to log in again
   * @throws {TokenEndpointError} if the provider fails
   * @throws {StorageError} if the ledger cannot be reached
   */
  readonly replacementFor: (request: LoginRequest, refused: string) => Promise<string | undefined>

  /**
   * Ends the grant of this session, even for requests that are running. Resolves to its newest tokens, for the
   * caller to revoke; `undefined` if the session has no grant.
   */
  readonly end: (request: LoginRequest) => Promise<TokenSet | undefined>

  /** Removes the grant from this session. */
  readonly forget: (request: LoginRequest) => Promise<void>
}

/** What {@link createSessionTokens} needs. */
export interface SessionTokensParts {
  readonly sessionKey: string
  readonly ledger: Ledger
  /** How long the ledger remembers that a grant has ended, in **milliseconds**. */
  readonly keepMs: number
  /** How long the session store may take, in **milliseconds**. */
  readonly timeoutMs: number
  readonly entries: TokenEntries
  readonly renewGrant: RenewGrant
}

/** Creates the {@link SessionTokens} of one strategy, which are in the session under `sessionKey`. */
export function createSessionTokens(parts: SessionTokensParts): SessionTokens {
  const { sessionKey, ledger, keepMs, timeoutMs, entries, renewGrant } = parts
  const share = createSingleFlight<RenewedGrant>()

  async function renew(
    request: LoginRequest,
    held: HeldGrant,
    forced: boolean,
  ): Promise<GrantState> {
    const session = requireSession(request)
    const { grant, state } = held
    try {
      const renewed = await share(`${grant}:${state.version}:${String(forced)}`, () =>
        renewGrant(request, held, forced),
      )
      const data = withNewerEntry(readStrategyData(session, sessionKey), renewed.entry)
      if (data !== undefined) showStrategyData(session, sessionKey, data)
      return renewed.state
    } catch (error) {
      if (error instanceof LoginRequiredError) await forget(request, entryId(grant), true)
      throw error
    }
  }

  /** Removes the grant `id` from the session. If the grant has `ended`, that is noted there, for `requireLogin`. */
  async function forget(request: LoginRequest, id: string, ended: boolean): Promise<void> {
    const { session } = request
    if (!session) return
    const data = withoutEntry(readStrategyData(session, sessionKey), id, ended)
    if (data !== undefined) showStrategyData(session, sessionKey, data)
    const change = (stored: StrategyData) => withoutEntry(stored, id, ended)
    await tryToChangeStoredData(request, sessionKey, change, timeoutMs)
  }

  /** Removes tokens that can no longer be used, and notes that in the session, for `requireLogin`. */
  async function askForLogin(request: LoginRequest, reason: LoginRequiredReason): Promise<never> {
    const entry = entries.find(requireSession(request))
    if (entry !== undefined) await forget(request, entry.id, true)
    throw new LoginRequiredError(reason)
  }

  return {
    async read(request) {
      const held = await entries.open(requireSession(request))
      return typeof held === 'string' ? undefined : held.state.tokens
    },

    async accessToken(request, { renew: forced = false } = {}) {
      const held = await entries.open(requireSession(request))
      if (typeof held === 'string') return askForLogin(request, held)
      const { state } = held
      const { accessToken, refreshToken } = state.tokens
      if (!forced && !isDue(state)) return accessToken
      // A renewal without a usable refresh token would end the grant, and discard a token that is still valid.
      if (!forced && isValid(state) && !isRenewable(state.tokens)) return accessToken
      if (refreshToken === undefined) {
        if (isValid(state)) throw new LoginRequiredError('expired')
        return askForLogin(request, 'expired')
      }
      if (!forced && outlivesRequest(state)) {
        // In the background: the next request finds the result. A failure is ignored, because the renewal
        // is tried again as long as the token is due, and once it has expired, the failure is thrown.
        renew(request, held, false).catch(() => undefined)
        return accessToken
      }
      try {
        return (await renew(request, held, forced)).tokens.accessToken
      } catch (error) {
        if (forced || error instanceof LoginRequiredError || !isValid(state)) throw error
        return accessToken
      }
    },

    async replacementFor(request, refused) {
      const held = await entries.open(requireSession(request))
      if (typeof held === 'string') return askForLogin(request, held)
      const { accessToken, refreshToken } = held.state.tokens
      if (accessToken !== refused) return accessToken
      if (refreshToken === undefined) return undefined
      return (await renew(request, held, false)).tokens.accessToken
    },

    async end(request) {
      const held = await entries.open(requireSession(request))
      if (typeof held === 'string') return undefined
      // If the ledger cannot be reached, the logout goes on: revoking the tokens ends the grant too.
      const newest = await ledger.end(held.grant, keepMs).catch(() => undefined)
      return (newest ?? held.state).tokens
    },

    async forget(request) {
      const entry = entries.find(requireSession(request))
      if (entry !== undefined) await forget(request, entry.id, false)
    },
  }
}
