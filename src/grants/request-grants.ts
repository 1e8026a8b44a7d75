import { LoginRequiredError } from '../errors/errors.js'
import type { LoginRequiredReason } from '../errors/errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { TokenSet } from '../options/token-set.js'
import { readStrategyData, requireSession, showStrategyData } from '../session/request-session.js'
import type { StrategyData } from '../session/request-session.js'
import { tryToChangeStoredData } from '../session/stored-session.js'
import type { GrantEngine } from './grant-engine.js'
import type { GrantIndex } from './grant-index.js'
import type { GrantRecord, Line } from './grant-record.js'
import type { Holding } from './holding.js'
import { isValid } from './line-state.js'
import type { RefreshWays } from './refresh-ways.js'
import { hasEndedHere, withoutGrant } from './session-entry.js'

/** Reads, renews and ends the grants of one strategy, by the sessions of requests. */
export interface RequestGrants {
  /** The token set of the request's session; `undefined` if it has none. @throws {StorageError} */
  readonly read: (request: LoginRequest) => Promise<TokenSet | undefined>

  /**
   * Resolves to an access token that is valid now, and refreshes it first if necessary.
   *
   * @param refused an access token that an API has refused: resolves to a different one
   * @throws {LoginRequiredError} if the person has to log in again
   * @throws {TokenEndpointError} if a refresh is necessary and the provider fails
   * @throws {StorageError} if the store cannot be reached
   */
  readonly accessToken: (request: LoginRequest, refused?: string) => Promise<string>

  /**
   * The same as {@link accessToken} with `refused`; `undefined` if there is no refresh token.
   */
  readonly replacementFor: (request: LoginRequest, refused: string) => Promise<string | undefined>

  /**
   * Ends the grant of this session, even for requests that are running. Resolves to its tokens, the newest first, for
   * the caller to revoke; empty if the session has no grant. Goes on if the store fails.
   */
  readonly end: (request: LoginRequest) => Promise<readonly TokenSet[]>

  /** Removes the grant from this session. */
  readonly forget: (request: LoginRequest) => Promise<void>
}

/** What {@link createRequestGrants} needs. */
export interface RequestGrantsParts {
  readonly sessionKey: string
  readonly engine: GrantEngine
  readonly index: GrantIndex
  readonly holding: Holding
  readonly ways: RefreshWays
  /** How long the session store may take, in **milliseconds**. */
  readonly timeoutMs: number
}

/** Creates the {@link RequestGrants} of one strategy. */
export function createRequestGrants(parts: RequestGrantsParts): RequestGrants {
  const { sessionKey, engine, index, holding, ways, timeoutMs } = parts

  /** Removes the grant from the session. If it has `ended`, that is noted there, for `requireLogin`. */
  async function forget(request: LoginRequest, id: string, ended: boolean): Promise<void> {
    const { session } = request
    if (!session) return
    const change = (data: StrategyData): StrategyData | undefined => withoutGrant(data, id, ended)
    const data = change(readStrategyData(session, sessionKey))
    if (data !== undefined) showStrategyData(session, sessionKey, data)
    await tryToChangeStoredData(request, sessionKey, change, timeoutMs)
  }

  async function idOf(request: LoginRequest): Promise<string> {
    const held = await holding.find(request)
    if (typeof held !== 'string') return held.id
    throw new LoginRequiredError(reasonOf(request, held))
  }

  function reasonOf(request: LoginRequest, reason: LoginRequiredReason): LoginRequiredReason {
    const data = readStrategyData(requireSession(request), sessionKey)
    return reason === 'no_tokens' && hasEndedHere(data) ? 'grant_ended' : reason
  }

  /**
   * Whether the grant is of this strategy. Strategies that were given no names share their place in the session. A record
   * never changes its strategy, so that any look will do.
   */
  async function isOurs(id: string): Promise<boolean> {
    if (engine.peek(id) === undefined) await engine.read(id, ways.strategy)
    return (engine.peek(id)?.strategy ?? ways.strategy) === ways.strategy
  }

  async function freshLine(
    request: LoginRequest,
    id: string,
    refused: string | undefined,
  ): Promise<Line> {
    const afterRenewal = (line: Line): Promise<void> => holding.update(request, id, line)
    try {
      const line = await engine.freshLine(id, ways, { refused, afterRenewal })
      void holding.update(request, id, line)
      return line
    } catch (error) {
      const isUseless = error instanceof LoginRequiredError && !isUsable(engine.peek(id), refused)
      if (isUseless && (await isOurs(id))) {
        await forget(request, id, engine.peek(id)?.of.connected !== true)
      }
      throw error
    }
  }

  function prolong(id: string): void {
    void engine.prolong(id, ({ of: { names }, lifetimeMs }) => index.link(id, names, lifetimeMs))
  }

  return {
    async read(request) {
      const held = await holding.find(request)
      if (typeof held === 'string') return undefined
      const record = await engine.read(held.id, ways.strategy)
      return record?.lines[0]?.tokens
    },

    async accessToken(request, refused) {
      const id = await idOf(request)
      const line = await freshLine(request, id, refused)
      prolong(id)
      return line.tokens.accessToken
    },

    async replacementFor(request, refused) {
      const id = await idOf(request)
      const record = await engine.read(id, ways.strategy)
      const [line] = record?.lines ?? []
      const isTheOnlyOne = line?.tokens.accessToken === refused
      if (isTheOnlyOne && line.tokens.refreshToken === undefined) return undefined
      return (await freshLine(request, id, refused)).tokens.accessToken
    },

    async end(request) {
      let id: string | undefined
      try {
        const held = await holding.find(request)
        if (typeof held === 'string') return []
        if (!(await isOurs(held.id))) return []
        id = held.id
        const ended = await engine.end(id)
        if (ended === undefined) return []
        await index.unlink(id, ended.of.names)
        return ended.tokens
      } catch {
        // The logout goes on: revoking the tokens ends the grant too.
        const lines = id === undefined ? [] : (engine.peek(id)?.lines ?? [])
        return lines.map(({ tokens }) => tokens)
      }
    },

    async forget(request) {
      const held = await holding.find(request)
      if (typeof held !== 'string' && (await isOurs(held.id))) {
        await forget(request, held.id, false)
      }
    },
  }
}

/**
 * Whether the grant still has an access token that has not expired. One that an API has refused does not count if the
 * provider refuses to refresh it.
 */
function isUsable(record: GrantRecord | undefined, refused: string | undefined): boolean {
  const isDead = (line: Line): boolean =>
    line.refused !== undefined && line.tokens.accessToken === refused
  return record?.lines.some((line) => isValid(line, Date.now()) && !isDead(line)) ?? false
}
