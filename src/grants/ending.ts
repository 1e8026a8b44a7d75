import { forEachAtOnce } from '../lib/for-each-at-once.js'
import { createLetOthersRun } from '../lib/let-others-run.js'
import { systemClock, wait } from '../lib/clock.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { UnderWay } from '../lib/under-way.js'
import { readStrategyData } from '../session/request-session.js'
import { isRequest, requireAccountHolder } from '../options/holder.js'
import type { AccountHolder, Holder } from '../options/holder.js'
import { needStore } from './account-grants.js'
import type { AccountGrant, AccountGrants } from './account-grants.js'
import { endListed, unlinkEnded } from './end-listed.js'
import { endSession } from './end-session.js'
import type { EndedGrant, EndedLogin, GrantEngine } from './engine.js'
import type { GrantIndex } from './grant-index.js'
import { hasEnded } from './grant-record.js'
import type { GrantRecord } from './grant-record.js'
import type { Holding } from './holding.js'
import { mayUse } from './holder.js'
import { accountName, loginsName, personNameIn, strategyName } from './index-names.js'
import type { FoundGrant, SessionGrant } from './found-grant.js'
import { allTokensOf } from './uses.js'

/** Ends the grants of one strategy, and what depends on them. */
export interface Ending {
  /**
   * Ends what the request's session holds, even for requests that are running: its grant, or, if that survives logging
   * out, the login alone. `undefined` if it holds nothing. Goes on if the store fails.
   */
  readonly endLogin: (request: LoginRequest) => Promise<EndedLogin | undefined>

  /**
   * Ends a grant, or all of a person's, with the logins that use them, and revokes the tokens. Sessions end at once if
   * their store is known, otherwise at their next request. Resolves to how many grants have ended.
   *
   * @param except a request whose login goes on, with the grant that it uses
   * @throws {StorageError} if the store fails: then call it again
   */
  readonly endGrant: (holder: Holder, except?: LoginRequest) => Promise<number>

  /**
   * The same for all that a person has granted before, which a login of another strategy has replaced at the same provider: revokes
   * only what cannot end the new grant.
   *
   * @throws {StorageError}
   */
  readonly endReplaced: (account: string) => Promise<number>

  /** The same for everything of a person, of which no trace stays. @throws {StorageError} */
  readonly erase: (account: string) => Promise<number>
}

/** Revokes the tokens of what has ended. Never rejects. */
interface RevokesEnded {
  readonly ended: (grant: EndedGrant) => Promise<void>
  readonly loggedOut: (grant: EndedGrant) => Promise<void>
  readonly replaced: (grant: EndedGrant) => Promise<void>
}

/** What {@link createEnding} needs. */
export interface EndingParts {
  readonly sessionKey: string
  /** The strategy's name. */
  readonly name: string
  /** Identifies the strategy. */
  readonly strategy: string
  readonly engine: GrantEngine
  readonly index: GrantIndex
  readonly holding: Holding
  readonly sessionGrant: SessionGrant
  readonly accountGrants: AccountGrants | undefined
  readonly revoking: RevokesEnded
  /** The session store that requests were last seen with. */
  readonly sessionStore: () => object | undefined
  /** Counts what goes on after a logout. */
  readonly underWay: Pick<UnderWay, 'counted'>
  /** Called when grants have ended, before their tokens are revoked. Must not throw. */
  readonly onEnded: () => void
}

/** How long it is tried to end a login that the store could not end, and how often, in **milliseconds**. */
const ENDED_LATER_MS = 60 * 60_000
const END_PAUSE_MS = 1_000

/** How many records are ended at once. */
const BATCH = 20

/** What ending several records has done. */
interface Results {
  readonly ended: EndedGrant[]
  readonly failures: unknown[]
  /** The ids of the records that may not have ended. */
  readonly left: Set<string>
}

/** The same, and others run after each batch: in memory, nothing has to be waited for. */
async function* inBatches<Item>(all: readonly Item[]): AsyncGenerator<Item> {
  const letOthersRun = createLetOthersRun()
  for (const [index, one] of all.entries()) {
    if (index > 0 && index % BATCH === 0) await letOthersRun()
    yield one
  }
}

/** Creates {@link Ending}. */
export function createEnding(parts: EndingParts): Ending {
  const { sessionKey, name, strategy, engine, index, holding, sessionGrant, accountGrants } = parts
  const { revoking, sessionStore, underWay, onEnded } = parts

  /** Ends one record with its session. Once it has ended, its tokens are revoked, whatever fails after that. */
  async function endOneOf({ id, record }: AccountGrant, results: Results): Promise<void> {
    try {
      const ended = await engine.end(id)
      if (ended === undefined) return
      results.ended.push(ended)
      const store = sessionStore()
      const rest = [unlinkEnded(id, ended, index)]
      if (store !== undefined) rest.push(endSession(id, record.of, store, sessionKey))
      for (const one of await Promise.allSettled(rest)) {
        if (one.status === 'rejected') results.failures.push(one.reason)
      }
    } catch (error) {
      results.left.add(id)
      results.failures.push(error)
    }
  }

  /** Ends all of these, even if some fail. */
  async function endEach(all: readonly AccountGrant[]): Promise<Results> {
    const results: Results = { ended: [], failures: [], left: new Set() }
    await forEachAtOnce(inBatches(all), BATCH, (one) => endOneOf(one, results))
    return results
  }

  /**
   * Ends grants and the logins that use them. The logins first: none of them must use the grant again if a later login
   * brings it back. So a grant stays of which a login could not be ended: the next call finds both.
   */
  async function endAll(
    grants: readonly AccountGrant[],
    logins: readonly AccountGrant[],
  ): Promise<Results> {
    const { failures, left } = await endEach(logins)
    const inUse = logins.filter(({ id }) => left.has(id)).map(({ record }) => record.of.through)
    const results = await endEach(grants.filter(({ id }) => !inUse.includes(id)))
    results.failures.unshift(...failures)
    return results
  }

  /** Revokes the tokens of what has ended, and resolves to how many grants that were. */
  async function concluded({ ended, failures }: Results, revoke = revoking.ended): Promise<number> {
    if (ended.length > 0) onEnded()
    await forEachAtOnce(inBatches(ended), BATCH, revoke)
    for (const failure of failures) throw failure
    return ended.length
  }

  /** @param own a login that is not ended */
  async function endOne(one: AccountGrant, own?: string): Promise<Results> {
    const { account, outlivesLogin } = one.record.of
    const isShared = outlivesLogin && account !== undefined
    const logins = isShared ? await accountGrants?.loginsOf(account) : undefined
    const isOther = ({ id, record }: AccountGrant): boolean =>
      record.of.through === one.id && id !== own
    return endAll([one], (logins ?? []).filter(isOther))
  }

  async function endOfAccount(
    holder: AccountHolder,
    except: LoginRequest | undefined,
    revoke = revoking.ended,
  ): Promise<number> {
    const grants = needStore(accountGrants)
    const { account, grant } = requireAccountHolder(holder)
    if (grant !== undefined) {
      const found = await grants.find(account, grant)
      return found === undefined ? 0 : concluded(await endOne(found))
    }
    const own = except === undefined ? undefined : await sessionGrant.find(except)
    const isOther = ({ id }: AccountGrant): boolean =>
      typeof own !== 'object' || (id !== own.id && id !== own.login)
    const [all, logins] = await Promise.all([grants.of(account), grants.loginsOf(account)])
    return concluded(await endAll(all.filter(isOther), logins.filter(isOther)), revoke)
  }

  async function endOfRequest(request: LoginRequest): Promise<number> {
    const found = await sessionGrant.find(request)
    if (typeof found !== 'object') return 0
    const { id, login } = found
    const record = await engine.read(id, strategy)
    if (record === undefined) {
      await sessionGrant.forget(request)
      return 0
    }
    // The session itself stays, so that it is not ended with its grant.
    const alone: GrantRecord = { ...record, of: { ...record.of, sessionId: undefined } }
    const results = await endOne({ id, record: alone }, login)
    // If something has failed, its own login stays: by it, the next call finds the grant.
    if (results.failures.length === 0) {
      await forgetOwn(request, found).catch((error: unknown) => results.failures.push(error))
    }
    return concluded(results)
  }

  /** Ends the login of a request whose grant has ended, and leaves its session. */
  async function forgetOwn(request: LoginRequest, { id, login }: FoundGrant): Promise<void> {
    const ended = login === id ? undefined : await engine.end(login)
    if (ended !== undefined) await unlinkEnded(login, ended, index)
    await sessionGrant.forget(request)
  }

  /** Removes what is left of a person's records from an index. A login may come meanwhile, and is listed again. */
  async function clear(indexName: string): Promise<void> {
    const isOver = (record: GrantRecord | undefined): record is undefined =>
      record === undefined || hasEnded(record)
    for await (const ids of index.list(indexName)) {
      for (const id of ids) {
        if (!isOver(await engine.look(id))) continue
        await index.unlink(id, [indexName, strategyName(name)])
        const now = await engine.look(id)
        if (!isOver(now)) await index.link(id, now.of.names, now.lifetimeMs)
      }
    }
  }

  /** Ends a login that the store could not end, as soon as it can. Its id is of this login alone. Never rejects. */
  const endLater = underWay.counted(async (id: string, isMeant: IsMeant): Promise<void> => {
    const until = systemClock.monotonic() + ENDED_LATER_MS
    while (systemClock.monotonic() < until) {
      await wait(systemClock, END_PAUSE_MS, { background: true })
      try {
        if (!(await sessionGrant.isOurs(id))) return
        await endListed(id, parts, isMeant)
        return
      } catch {
        // The store still fails.
      }
    }
  })

  return {
    async endLogin(request) {
      let found: string | undefined
      let id: string | undefined
      // The session may be gone when the store answers again.
      const data = request.session ? readStrategyData(request.session, sessionKey) : {}
      const isMeant: IsMeant = ({ of }) => mayUse(data, of)
      try {
        const held = await holding.find(request)
        if (typeof held === 'string') return undefined
        found = held.id
        if (!(await sessionGrant.isOurs(found))) return undefined
        id = found
        const ended = await endListed(id, parts, isMeant)
        return ended && endedLogin(ended, revoking)
      } catch {
        // The logout goes on. Revoking the tokens may end the grant too, and jobs must not go on to use it.
        if (found !== undefined) void endLater(found, isMeant)
        const { lines, of } = (id === undefined ? undefined : engine.peek(id)) ?? {}
        return (
          lines && of && endedLogin({ tokens: lines.flatMap(allTokensOf), of, strategy }, revoking)
        )
      }
    },

    endGrant: (holder, except) =>
      isRequest(holder) ? endOfRequest(holder) : endOfAccount(holder, except),

    endReplaced: (account) => endOfAccount({ account }, undefined, revoking.replaced),

    async erase(account) {
      const all = await needStore(accountGrants).of(account)
      const persons = all.map(({ record }) => personNameIn(record.of.names))
      const count = await endOfAccount({ account }, undefined)
      const lists = new Set([...persons, accountName(name, account), loginsName(name, account)])
      for (const one of lists) if (one !== undefined) await clear(one)
      return count
    },
  }
}

/** Says whether a grant is still that of the session that ends it. */
type IsMeant = (record: GrantRecord) => boolean

function endedLogin(grant: EndedGrant, { loggedOut, replaced }: RevokesEnded): EndedLogin {
  return {
    tokens: grant.tokens,
    idToken: grant.tokens.find(({ idToken }) => idToken !== undefined)?.idToken ?? grant.of.idToken,
    revoke: () => loggedOut(grant),
    revokeReplaced: () => replaced(grant),
  }
}
