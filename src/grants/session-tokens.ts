import { LoginRequiredError } from '../errors/errors.js'
import type { LoginRequiredReason } from '../errors/errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { createSingleFlight } from '../lib/single-flight.js'
import type { GrantState, Ledger } from '../options/ledger.js'
import type { TokenSet } from '../options/token-set.js'
import { readPart, requireSession, showPart } from '../session/session-part.js'
import type { SessionPart } from '../session/session-part.js'
import { tryToChangeStoredPart } from '../session/stored-session.js'
import { hasTime, isDue, isRenewable, isValid } from './grant-state.js'
import type { RenewedGrant, RenewGrant } from './renew-grant.js'
import { entryId, withNewerEntry, withoutEntry } from './token-entry.js'
import type { HeldGrant, TokenEntries } from './token-entry.js'

/** The tokens of one strategy in the sessions: opened, renewed when due, ended. */
export interface SessionTokens {
  /** The token set of the request's session, or `undefined` when it holds none that can be read. */
  readonly read: (request: LoginRequest) => Promise<TokenSet | undefined>

  /**
   * An access token that is valid now, renewed first if it has to be, or in any case with `renew`.
   *
   * @throws {LoginRequiredError} when there is none, and none to be had without the person
   * @throws {TokenEndpointError} when the token has expired and the provider fails for the moment
   * @throws {StorageError} when the token has expired and the ledger is out of reach
   */
  readonly accessToken: (
    request: LoginRequest,
    options?: { readonly renew?: boolean | undefined },
  ) => Promise<string>

  /**
   * Another access token than `refused`, which a resource no longer takes: the one that somebody has got
   * in the meantime, else a renewed one. `undefined` when there is no way to get one.
   */
  readonly replacementFor: (request: LoginRequest, refused: string) => Promise<string | undefined>

  /**
   * Ends the grant of this session, also for requests under way. Resolves to its newest tokens, for the
   * caller to revoke; `undefined` if the session has no grant.
   */
  readonly end: (request: LoginRequest) => Promise<TokenSet | undefined>

  /** Takes the grant out of this session. */
  readonly forget: (request: LoginRequest) => Promise<void>
}

/** What the tokens in the sessions need. */
export interface SessionTokensParts {
  readonly sessionKey: string
  readonly ledger: Ledger
  /** For how long the ledger remembers that a grant has ended, in **milliseconds**. */
  readonly keepMs: number
  /** How long the session store may take, in **milliseconds**. */
  readonly timeoutMs: number
  readonly entries: TokenEntries
  readonly renewGrant: RenewGrant
}

/** Keeps tokens in the session under `sessionKey`, and in step with the ledger. */
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
    const change = (stored: SessionPart) => withoutEntry(stored, id, ended)
    await tryToChangeStoredPart(request, sessionKey, change, timeoutMs)
  }

  /** Notes in the session that its tokens are of no use any more, for `requireLogin` to see. */
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

    async end(request) {
      const held = await entries.open(requireSession(request))
      if (typeof held === 'string') return undefined
      // Out of reach, the ledger must not keep anybody logged in; revoking ends the grant as well.
      const newest = await ledger.end(held.grant, keepMs).catch(() => undefined)
      return (newest ?? held.state).tokens
    },

    async forget(request) {
      const entry = entries.find(requireSession(request))
      if (entry !== undefined) await forget(request, entry.id, false)
    },
  }
}
