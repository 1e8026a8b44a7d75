import type { LoginRequiredReason } from '../errors/login-errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { readStrategyData, requireSession, showStrategyData } from '../session/request-session.js'
import type { StrategyData } from '../session/request-session.js'
import { tryToChangeStoredData } from '../session/stored-session.js'
import { isAlive } from './account-grants.js'
import type { AccountGrants } from './account-grants.js'
import type { GrantEngine } from './engine.js'
import { hasEnded } from './grant-record.js'
import type { FoundGrant, SessionGrant } from './found-grant.js'
import { asNewAs, mayUse } from './holder.js'
import type { Holding } from './holding.js'
import { hasEndedHere, isConnectedHere, withoutGrant } from './session-entry.js'

/** What {@link createSessionGrant} needs. */
export interface SessionGrantParts {
  readonly sessionKey: string
  /** Identifies the strategy. */
  readonly strategy: string
  readonly engine: GrantEngine
  readonly holding: Holding
  /** How long the session store may take, in **milliseconds**. */
  readonly timeoutMs: number
  /**
   * Finds grants that survive logging out, for a person who is logged in by another way; `undefined` if grants do not.
   */
  readonly ofAccount:
    | {
        readonly grants: AccountGrants
        readonly accountOn: (request: LoginRequest) => string | undefined
      }
    | undefined
}

/** Creates the {@link SessionGrant} of one strategy. */
export function createSessionGrant(parts: SessionGrantParts): SessionGrant {
  const { sessionKey, strategy, engine, holding, timeoutMs, ofAccount } = parts

  async function remove(request: LoginRequest, id: string, ended: boolean): Promise<void> {
    const { session } = request
    if (!session) return
    const change = (data: StrategyData): StrategyData | undefined => withoutGrant(data, id, ended)
    const data = change(readStrategyData(session, sessionKey))
    if (data !== undefined) showStrategyData(session, sessionKey, data)
    await tryToChangeStoredData(request, sessionKey, change, timeoutMs)
  }

  /** A record never changes its strategy, so that any look will do. */
  async function isOurs(id: string): Promise<boolean> {
    if (engine.peek(id) === undefined) await engine.read(id, strategy)
    return (engine.peek(id)?.strategy ?? strategy) === strategy
  }

  async function noteEnd(request: LoginRequest, login: string): Promise<void> {
    if (!(await isOurs(login))) return
    const isConnected =
      engine.peek(login)?.of.connected ??
      (request.session && isConnectedHere(readStrategyData(request.session, sessionKey)))
    await remove(request, login, isConnected !== true)
  }

  /** The grant that a login uses: its own, or the one that survives it. */
  async function throughLogin(
    login: string,
    data: StrategyData,
  ): Promise<FoundGrant | LoginRequiredReason> {
    const known = engine.peek(login)
    const isOwn = known !== undefined && known.of.through === undefined
    const seen = isOwn ? known : await engine.read(login, strategy)
    const record = await asNewAs(data, seen, () => engine.look(login))
    if (record !== undefined && !mayUse(data, record.of)) return 'grant_ended'
    // Its id follows from the person's: a session that names it was written by somebody else.
    if (record?.of.outlivesLogin) return 'no_tokens'
    const through = record?.of.through
    if (record === undefined || through === undefined) return { id: login, login }
    return hasEnded(record) ? 'grant_ended' : { id: through, login }
  }

  /** The newest grant of the person who is logged in, however they have logged in. */
  async function ofPerson(request: LoginRequest): Promise<FoundGrant | undefined> {
    const account = ofAccount?.accountOn(request)
    if (account === undefined || ofAccount === undefined) return undefined
    const grants = await ofAccount.grants.of(account)
    const found = grants.find(({ record }) => isAlive(record, Date.now()))
    return found === undefined ? undefined : { id: found.id, login: found.id }
  }

  async function find(request: LoginRequest): Promise<FoundGrant | LoginRequiredReason> {
    const held = await holding.find(request)
    if (typeof held !== 'string') {
      const data = readStrategyData(requireSession(request), sessionKey)
      const found = await throughLogin(held.id, data)
      if (typeof found === 'string') await noteEnd(request, held.id)
      return found
    }
    if (hasEndedHere(readStrategyData(requireSession(request), sessionKey))) {
      return held === 'no_tokens' ? 'grant_ended' : held
    }
    return (held === 'no_tokens' ? await ofPerson(request) : undefined) ?? held
  }

  return {
    find,
    noteEnd,
    isOurs,

    async forget(request) {
      const held = await holding.find(request)
      if (typeof held !== 'string' && (await isOurs(held.id))) await remove(request, held.id, false)
    },
  }
}
