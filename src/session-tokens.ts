import { createHash, randomBytes } from 'node:crypto'
import { LoginRequiredError, TokenEndpointError } from './errors.js'
import type { LoginRequiredReason } from './errors.js'
import { createSeal } from './sealing.js'
import { changeStoredPart, readPart, requireSession, showPart } from './session.js'
import type { SessionPart } from './session.js'
import type { Settings } from './settings.js'
import { createSingleFlight } from './single-flight.js'
import type { TokenEndpoint } from './token-endpoint.js'
import type {
  GrantState,
  Ledger,
  LoginRequest,
  LoginSession,
  RenewalLimits,
  TokenSet,
} from './types.js'

/** The tokens of one strategy in the sessions: opened, renewed when due, ended. */
export interface SessionTokens {
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

  /** Makes the entry of a new grant, to be put into a session by {@link put}. */
  begin(tokens: TokenSet, options: { readonly connected: boolean }): Promise<TokenEntry>

  /** What our part of a session looks like with this entry. */
  put(part: SessionPart, entry: TokenEntry): SessionPart

  /**
   * Ends the grant of this session, for requests under way too. Resolves to its newest tokens, to be
   * revoked.
   */
  end(request: LoginRequest): Promise<TokenSet | undefined>

  /** Takes the grant out of this session. */
  forget(request: LoginRequest): Promise<void>
}

/** How tokens lie in a session. What is not secret is readable without opening anything. */
export interface TokenEntry {
  /** Tells grants apart, and says nothing about them. */
  readonly id: string
  readonly version: number
  readonly expiresAt?: number
  /** The grant and its state; sealed, if there is a `tokenSecret`. */
  readonly held: HeldGrant | string
  /** Present when this provider was connected to a person who had logged in otherwise. */
  readonly connected?: true
}

interface HeldGrant {
  readonly grant: string
  readonly state: GrantState
}

/** Whether this part of a session holds a grant. */
export function holdsGrant(part: SessionPart): boolean {
  return entryOf(part) !== undefined
}

/** Whether the grant that this session was logged in by has ended, so that the person has to log in again. */
export function hasEnded(part: SessionPart): boolean {
  return part[ENDED] === true
}

/** Under this name a part says that its grant has ended: one that no application has among its own fields. */
const ENDED = 'oauth2GrantEnded'

/** How much longer than a token request a renewal may keep others waiting: signing, sealing, writing, a busy process. */
const LEASE_MARGIN_MS = 10_000

/** How long the ledger remembers a grant whose refresh token's lifetime is unknown. */
const DEFAULT_KEEP_MS = 90 * 24 * 60 * 60 * 1000

/** The last moments of an access token are left to the requests that are under way with it. */
const MAXIMUM_HASTE_MS = 5_000

/** Keeps tokens in the session under `settings.sessionKey`, and in step with the ledger. */
export function createSessionTokens(
  settings: Settings,
  ledger: Ledger,
  tokenEndpoint: TokenEndpoint,
): SessionTokens {
  const { sessionKey, tokenSecret, refreshBeforeSeconds } = settings
  const seal =
    tokenSecret === undefined ? undefined : createSeal(tokenSecret, 'session tokens', 'tokenSecret')
  const limits: RenewalLimits = {
    leaseMs: settings.timeoutMs + LEASE_MARGIN_MS,
    keepMs: (settings.refreshTokenLifetimeSeconds ?? 0) * 1000 || DEFAULT_KEEP_MS,
  }
  const share = createSingleFlight<{ state: GrantState; entry: TokenEntry }>()

  async function toEntry(
    grant: string,
    state: GrantState,
    connected: boolean,
  ): Promise<TokenEntry> {
    const held: HeldGrant = { grant, state }
    const { expiresAt } = state.tokens
    return {
      id: entryId(grant),
      version: state.version,
      ...(expiresAt !== undefined && { expiresAt }),
      held: seal === undefined ? held : await seal.seal(held, sessionKey),
      ...(connected && { connected }),
    }
  }

  async function open(session: LoginSession): Promise<HeldGrant | LoginRequiredReason> {
    const part = readPart(session, sessionKey)
    const entry = entryOf(part)
    if (entry === undefined) return hasEnded(part) ? 'grant_ended' : 'no_tokens'
    if (typeof entry.held !== 'string') return entry.held
    const held = (await seal?.open(entry.held, sessionKey)) as HeldGrant | undefined
    return held ?? 'unreadable'
  }

  async function refresh({ tokens, version }: GrantState): Promise<GrantState | undefined> {
    if (!isRenewable(tokens)) return undefined
    try {
      return stateOf(await tokenEndpoint.refresh(tokens), version + 1, refreshBeforeSeconds)
    } catch (error) {
      if (isEnd(error)) return undefined
      throw error
    }
  }

  /** Asks the ledger until it has a state that will do, and writes that into the stored session. */
  async function renewOnce(
    request: LoginRequest,
    held: HeldGrant,
    forced: boolean,
  ): Promise<{ state: GrantState; entry: TokenEntry }> {
    const connected = entryOf(readPart(requireSession(request), sessionKey))?.connected ?? false
    let { state } = held
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
        if (fresh !== undefined) void tokenEndpoint.revoke(fresh.tokens)
        throw new LoginRequiredError('grant_ended')
      }
      state = renewal.state
      renewed = renewal.outcome === 'renewed' || (!forced && isValid(state))
    }
    const entry = await toEntry(held.grant, state, connected)
    await changeStored(request, (part) => {
      const stored = entryOf(part)
      return stored?.id === entry.id && stored.version < entry.version
        ? { ...part, entry }
        : undefined
    })
    return { state, entry }
  }

  async function renew(
    request: LoginRequest,
    held: HeldGrant,
    forced: boolean,
  ): Promise<GrantState> {
    const session = requireSession(request)
    const { grant, state } = held
    try {
      const renewed = await share(`${grant}:${state.version}:${String(forced)}`, () =>
        renewOnce(request, held, forced),
      )
      const part = readPart(session, sessionKey)
      if (entryOf(part)?.id === renewed.entry.id) {
        showPart(session, sessionKey, { ...part, entry: renewed.entry })
      }
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
    const withoutEntry = (part: SessionPart): SessionPart | undefined => {
      const entry = entryOf(part)
      if (entry?.id !== id) return undefined
      return { ...part, entry: undefined, [ENDED]: (ended && !entry.connected) || undefined }
    }
    const part = withoutEntry(readPart(session, sessionKey))
    if (part !== undefined) showPart(session, sessionKey, part)
    await changeStored(request, withoutEntry)
  }

  /** Notes in the session that its tokens are of no use any more, for `requireLogin` to see. */
  async function askForLogin(request: LoginRequest, reason: LoginRequiredReason): Promise<never> {
    const entry = entryOf(readPart(requireSession(request), sessionKey))
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
    async read(request) {
      const held = await open(requireSession(request))
      return typeof held === 'string' ? undefined : held.state.tokens
    },

    async accessToken(request, { renew: forced = false } = {}) {
      const held = await open(requireSession(request))
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
      const held = await open(requireSession(request))
      if (typeof held === 'string') return askForLogin(request, held)
      const { accessToken, refreshToken } = held.state.tokens
      if (accessToken !== refused) return accessToken
      if (refreshToken === undefined) return undefined
      return (await renew(request, held, false)).tokens.accessToken
    },

    begin: (tokens, { connected }) =>
      toEntry(
        randomBytes(32).toString('base64url'),
        stateOf(tokens, 1, refreshBeforeSeconds),
        connected,
      ),

    put: (part, entry) => ({ ...part, entry, [ENDED]: undefined }),

    async end(request) {
      const held = await open(requireSession(request))
      if (typeof held === 'string') return undefined
      // Out of reach, the ledger must not keep anybody logged in; revoking ends the grant as well.
      const newest = await ledger.end(held.grant, limits.keepMs).catch(() => undefined)
      return (newest ?? held.state).tokens
    },

    async forget(request) {
      const entry = entryOf(readPart(requireSession(request), sessionKey))
      if (entry !== undefined) await forget(request, entry.id, false)
    },
  }
}

function entryOf(part: SessionPart): TokenEntry | undefined {
  return part['entry'] as TokenEntry | undefined
}

function entryId(grant: string): string {
  return createHash('sha256').update(`session entry of ${grant}`).digest('base64url').slice(0, 16)
}

/** A token set just received, with the time from which on it is due for renewal. */
function stateOf(tokens: TokenSet, version: number, refreshBeforeSeconds: number): GrantState {
  const { expiresAt } = tokens
  if (expiresAt === undefined) return { version, tokens }
  const lifetimeMs = Math.max(0, expiresAt - Date.now())
  return {
    version,
    tokens,
    renewAt: expiresAt - Math.min(refreshBeforeSeconds * 1000, lifetimeMs / 2),
  }
}

function isDue({ renewAt = Infinity }: GrantState): boolean {
  return renewAt <= Date.now()
}

function isValid({ tokens: { expiresAt = Infinity } }: GrantState): boolean {
  return Date.now() < expiresAt
}

function isRenewable({ refreshToken, refreshTokenExpiresAt = Infinity }: TokenSet): boolean {
  return refreshToken !== undefined && Date.now() < refreshTokenExpiresAt
}

/** The provider's last word on a grant. Together with a 5xx it is none: that may pass. */
function isEnd(error: unknown): boolean {
  return error instanceof TokenEndpointError && error.error === 'invalid_grant' && !error.retryable
}

/** Whether the access token will outlive the request that is about to use it. */
function hasTime({ tokens: { expiresAt = Infinity }, renewAt = Infinity }: GrantState): boolean {
  const hasteMs = Math.min(MAXIMUM_HASTE_MS, (expiresAt - renewAt) / 6)
  return Date.now() < expiresAt - hasteMs
}
