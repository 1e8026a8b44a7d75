import { randomBytes } from 'node:crypto'
import type { Diagnostics } from '../diagnostics/diagnostics.js'
import type { Revoke } from '../endpoints/revocation.js'
import type { TokenEndpoint } from '../endpoints/token.js'
import { LoginRequiredError, TokenEndpointError } from '../errors/errors.js'
import type { LoginRequiredReason } from '../errors/errors.js'
import { hasTime, isDue, isRenewable, isValid, stateOf } from './grant-state.js'
import {
  createTokenEntries,
  entryId,
  entryOf,
  withNewerEntry,
  withoutEntry,
} from './token-entry.js'
import type { HeldGrant, TokenEntry } from './token-entry.js'
import type { LoginRequest } from '../lib/login-request.js'
import { createSingleFlight } from '../lib/single-flight.js'
import type { GrantState, Ledger, RenewalLimits } from '../options/ledger.js'
import { ownerOf } from '../options/read-options.js'
import type { Settings } from '../options/read-options.js'
import type { TokenSet } from '../options/token-set.js'
import { readPart, requireSession, showPart } from '../session/session-part.js'
import type { SessionPart } from '../session/session-part.js'
import { changeStoredPart } from '../session/stored-session.js'

/** The tokens of one strategy in the sessions: opened, renewed when due, ended. */
export interface SessionTokens {
  /** For how long the ledger has to remember a grant, in **milliseconds**. */
  readonly keepMs: number

  /** The token set of the request's session, or `undefined` when it holds none that can be read. */
  read(request: LoginRequest): Promise<TokenSet | undefined>

  /**
   * An access token that is valid now, renewed first if it has to be, or in any case with `renew`.
   *
   * @throws {LoginRequiredError} when there is none, and none to be had without the person
   * @throws {TokenEndpointError} when the token has expired and the provider fails for the moment
   * @throws {StorageError} when the token has expired and the ledger is out of reach
   */
  accessToken(
    request: LoginRequest,
    options?: { readonly renew?: boolean | undefined },
  ): Promise<string>

  /**
   * Another access token than `refused`, which a resource no longer takes: the one that somebody has got
   * in the meantime, else a renewed one. `undefined` when there is no way to get one.
   */
  replacementFor(request: LoginRequest, refused: string): Promise<string | undefined>

  /** Makes the entry of a new grant, to be put into a session. */
  begin(tokens: TokenSet, options: { readonly connected: boolean }): Promise<BegunGrant>

  /**
   * Ends the grant of this session, for requests under way too. Resolves to its newest tokens, to be
   * revoked.
   *
   * @param reason for the diagnostics
   */
  end(request: LoginRequest, reason: 'logout' | 'end_grant'): Promise<TokenSet | undefined>

  /** Takes the grant out of this session. */
  forget(request: LoginRequest): Promise<void>
}

/** A new grant. */
export interface BegunGrant {
  /** The grant's secret. */
  readonly grant: string
  /** What goes into the session. */
  readonly entry: TokenEntry
}

/** What a renewal has brought. */
interface Renewed {
  readonly state: GrantState
  readonly entry: TokenEntry
  /** Whether the provider was asked for it, or another request or process had done so. */
  readonly source: 'refreshed' | 'shared'
}

/** How much longer than a token request a renewal may keep others waiting: signing, sealing, writing, a busy process. */
const LEASE_MARGIN_MS = 10_000

/** How long the ledger remembers a grant whose refresh token's lifetime is unknown. */
const DEFAULT_KEEP_MS = 90 * 24 * 60 * 60 * 1000

/** Keeps tokens in the session under `settings.sessionKey`, and in step with the ledger. */
export function createSessionTokens(
  settings: Settings,
  ledger: Ledger,
  tokenEndpoint: TokenEndpoint,
  revoke: Revoke,
  diagnostics: Diagnostics,
): SessionTokens {
  const { sessionKey, tokenSecret, refreshBeforeSeconds } = settings
  const owner = ownerOf(settings)
  const entries = createTokenEntries(sessionKey, owner, tokenSecret)
  const limits: RenewalLimits = {
    leaseMs: settings.timeoutMs + LEASE_MARGIN_MS,
    keepMs: (settings.refreshTokenLifetimeSeconds ?? 0) * 1000 || DEFAULT_KEEP_MS,
  }
  const share = createSingleFlight<Renewed>()

  /** Another strategy of the same name may have its own there. */
  function ownEntry(request: LoginRequest): TokenEntry | undefined {
    const entry = entryOf(readPart(requireSession(request), sessionKey))
    return entry?.owner === owner ? entry : undefined
  }

  async function refresh(state: GrantState): Promise<GrantState | undefined> {
    const { tokens, version } = state
    if (!isRenewable(tokens)) return undefined
    try {
      return stateOf(await tokenEndpoint.refresh(tokens), version + 1, refreshBeforeSeconds)
    } catch (error) {
      const reason = endOf(error, state)
      if (reason === undefined) throw error
      diagnostics.report('grant_end', { outcome: 'refused', reason })
      return undefined
    }
  }

  /** Asks the ledger until it has a state that will do, and writes that into the stored session. */
  async function renewOnce(
    request: LoginRequest,
    held: HeldGrant,
    forced: boolean,
  ): Promise<Renewed> {
    const connected = ownEntry(request)?.connected ?? false
    let { state } = held
    let source: Renewed['source'] = 'shared'
    for (let renewed = false; !renewed;) {
      let fresh: GrantState | undefined
      const current = state
      const renewal = await ledger.renew(
        held.grant,
        current,
        async () => (fresh = await refresh(current)),
        limits,
      )
      if (renewal.outcome === 'ended') {
        // Logged out while the provider was answering: what it answered is nobody's any more.
        if (fresh !== undefined) void revoke(fresh.tokens)
        throw new LoginRequiredError('grant_ended')
      }
      state = renewal.state
      source = fresh === undefined ? 'shared' : 'refreshed'
      renewed = renewal.outcome === 'renewed' || (!forced && isValid(state))
    }
    const entry = await entries.make(held.grant, state, connected)
    await changeStored(request, (part) => withNewerEntry(part, entry))
    return { state, entry, source }
  }

  const watchedRenewal = diagnostics.watch('renewal', renewOnce, ({ source }) => ({
    outcome: 'ok',
    reason: source,
  }))

  async function renew(
    request: LoginRequest,
    held: HeldGrant,
    forced: boolean,
  ): Promise<GrantState> {
    const session = requireSession(request)
    const { grant, state } = held
    try {
      const renewed = await share(`${grant}:${state.version}:${String(forced)}`, () =>
        watchedRenewal(request, held, forced),
      )
      const part = withNewerEntry(readPart(session, sessionKey), renewed.entry)
      if (part !== undefined) showPart(session, sessionKey, part)
      return renewed.state
    } catch (error) {
      if (error instanceof LoginRequiredError) await forget(request, entryId(grant), true)
      throw error
    }
  }

  /** The session stays, for it is the application's; it only loses this grant, and maybe says that it has. */
  async function forget(request: LoginRequest, id: string, ended: boolean): Promise<void> {
    const { session } = request
    if (!session) return
    const part = withoutEntry(readPart(session, sessionKey), id, ended)
    if (part !== undefined) showPart(session, sessionKey, part)
    await changeStored(request, (stored) => withoutEntry(stored, id, ended))
  }

  /** Notes in the session that its tokens are of no use any more, for `requireLogin` to see. */
  async function askForLogin(request: LoginRequest, reason: LoginRequiredReason): Promise<never> {
    const entry = ownEntry(request)
    if (entry !== undefined) await forget(request, entry.id, true)
    throw new LoginRequiredError(reason)
  }

  /** The ledger has the truth, so that a store out of reach only costs the next request a look there. */
  async function changeStored(
    request: LoginRequest,
    change: (part: SessionPart) => SessionPart | undefined,
  ): Promise<void> {
    await changeStoredPart(request, sessionKey, change).catch(() => undefined)
  }

  return {
    keepMs: limits.keepMs,

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
      // To ask for what cannot be had would end the grant, and a valid token with it.
      if (!forced && isValid(state) && !isRenewable(state.tokens)) return accessToken
      if (refreshToken === undefined) {
        if (isValid(state)) throw new LoginRequiredError('expired')
        return askForLogin(request, 'expired')
      }
      if (!forced && hasTime(state)) {
        // The request after this one finds the result; a failure is met again by the one that has to wait.
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

    async begin(tokens, { connected }) {
      const grant = randomBytes(32).toString('base64url')
      const state = stateOf(tokens, 1, refreshBeforeSeconds)
      return { grant, entry: await entries.make(grant, state, connected) }
    },

    async end(request, reason) {
      const held = await entries.open(requireSession(request))
      if (typeof held === 'string') return undefined
      // Out of reach, the ledger must not keep anybody logged in; revoking ends the grant as well.
      const newest = await ledger.end(held.grant, limits.keepMs).catch(() => undefined)
      diagnostics.report('grant_end', { outcome: 'ok', reason })
      return (newest ?? held.state).tokens
    },

    async forget(request) {
      const entry = ownEntry(request)
      if (entry !== undefined) await forget(request, entry.id, false)
    },
  }
}

/**
 * Why a refusal is the provider's last word on a grant; `undefined` when it is none. Together with a 5xx
 * it never is: that may pass.
 *
 * For a refresh token that is no longer good, @jmondi/oauth2-server says `invalid_request`, as Better Auth
 * and Authlib once did, and Glewlwyd answers 400 with nothing. Of two refreshes only the tokens differ, so
 * the same would be said again and again. It may mean the client instead, and an access token that is
 * still good is not given up for it.
 */
function endOf(error: unknown, state: GrantState): string | undefined {
  if (!(error instanceof TokenEndpointError) || error.retryable) return undefined
  const { error: said, httpStatus } = error
  if (said === 'invalid_grant') return said
  if (isValid(state) || httpStatus !== 400) return undefined
  if (said === undefined) return 'http_400'
  return said === 'invalid_request' ? said : undefined
}
