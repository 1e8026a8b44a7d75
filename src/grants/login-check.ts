import { StorageError } from '../errors/setup-errors.js'
import { systemClock, within } from '../lib/clock.js'
import type { LoginRequest } from '../lib/login-request.js'
import { readStrategyData } from '../session/request-session.js'
import type { StrategyData } from '../session/strategy-data.js'
import type { GrantEngine } from './engine.js'
import type { SessionGrant } from './found-grant.js'
import type { GrantIndex } from './grant-index.js'
import { hasEnded } from './grant-record.js'
import { asNewAs, mayUse } from './holder.js'
import { entryOf, grantIdOf, hasEndedHere, isConnectedHere, isInStore } from './session-entry.js'

/**
 * What is known of a login. `missing`: the store has no record, because the login has ended some hours ago, or nobody has
 * used it for longer than it lives. `unknown`: the store does not say.
 */
export type LoginState = 'alive' | 'ended' | 'missing' | 'unknown'

/** Tells whether logins have ended, for one strategy. */
export interface LoginCheck {
  /** Where the strategy's data are in a session. */
  readonly sessionKey: string
  /**
   * Whether the strategy's provider was only connected here, to somebody who has logged in at another tenant. The login of that
   * tenant is known by its place in the session: its strategy may have been dropped.
   */
  readonly isOtherTenants: (request: LoginRequest) => boolean
  /**
   * What is known of the login that the request's session holds; `undefined` if it holds none of this strategy, or a provider
   * that is only connected. Takes one look at the record, which is shared for `cacheSeconds`. Never rejects.
   */
  readonly stateOf: (request: LoginRequest) => Promise<LoginState | undefined>
  /** Removes the login from the session, and notes there that it has ended. Never rejects. */
  readonly noteEnd: (request: LoginRequest) => Promise<void>
}

/** What {@link createLoginCheck} needs. */
export interface LoginCheckParts {
  readonly sessionKey: string
  /** See the option. */
  readonly tenant: string | undefined
  /** Identifies the strategy. */
  readonly strategy: string
  readonly engine: Pick<GrantEngine, 'read' | 'look' | 'peek' | 'prolong'>
  readonly index: Pick<GrantIndex, 'link'>
  /** Whether the strategy keeps grants in a store. If not, it knows nothing of those whose ids are in sessions. */
  readonly hasStore: boolean
  readonly sessionGrant: Pick<SessionGrant, 'noteEnd'>
}

/** What the places of all tenants of one `strategyPerTenant` begin with. */
const GROUP = /^oauth2:[^:]+:/

/** How long a page waits for the store, in **milliseconds**. */
const LIMIT_MS = 1_000

/** Creates the {@link LoginCheck} of one strategy. */
export function createLoginCheck(parts: LoginCheckParts): LoginCheck {
  const { sessionKey, tenant, strategy, engine, index, hasStore, sessionGrant } = parts

  async function stateOfRecord(
    id: string,
    data: StrategyData,
    isInSession: boolean,
  ): Promise<LoginState | undefined> {
    const reading = engine
      .read(id, strategy)
      .then((seen) => asNewAs(data, seen, () => engine.look(id)))
    const record = await within(systemClock, LIMIT_MS, reading, () => {
      throw new StorageError('Reading a grant', undefined, 'the store has not answered in time')
    })
    if (record === undefined) {
      // The tokens in the session are enough. And strategies without names share their place in the session.
      return isInSession || engine.peek(id) !== undefined ? undefined : 'missing'
    }
    if (record.of.connected) return undefined
    // A login for more may have moved it to another session.
    if (hasEnded(record) || !mayUse(data, record.of)) return 'ended'
    // Whoever only visits pages uses the login too.
    void engine.prolong(id, ({ of: { names }, lifetimeMs }) => index.link(id, names, lifetimeMs))
    return 'alive'
  }

  return {
    sessionKey,

    isOtherTenants({ session }) {
      if (!session || tenant === undefined) return false
      const [group] = GROUP.exec(sessionKey) ?? []
      if (group === undefined || !isConnectedHere(readStrategyData(session, sessionKey)))
        return false
      return Object.keys(session).some((key) => {
        const data = key.startsWith(group) ? readStrategyData(session, key) : {}
        return grantIdOf(data) !== undefined && !isConnectedHere(data)
      })
    },

    async stateOf({ session }) {
      if (!session) return undefined
      const data = readStrategyData(session, sessionKey)
      if (hasEndedHere(data)) return 'ended'
      const id = grantIdOf(data)
      if (id === undefined || isConnectedHere(data)) return undefined
      if (isInStore(data) && !hasStore) return undefined
      const entry = entryOf(data)
      if (entry !== undefined && entry.owner !== strategy) return undefined
      return stateOfRecord(id, data, entry !== undefined).catch(() => 'unknown')
    },

    async noteEnd(request) {
      const id = request.session && grantIdOf(readStrategyData(request.session, sessionKey))
      if (id !== undefined) await sessionGrant.noteEnd(request, id).catch(() => undefined)
    },
  }
}
