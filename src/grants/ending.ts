import type { LoginRequest } from '../lib/login-request.js'
import { isRequest, requireAccount } from '../options/holder.js'
import type { AccountHolder, Holder } from '../options/holder.js'
import { needStore } from './account-grants.js'
import type { AccountGrant, AccountGrants } from './account-grants.js'
import { endSession } from './end-session.js'
import type { EndedGrant, EndedLogin, GrantEngine } from './engine.js'
import type { GrantIndex } from './grant-index.js'
import { hasEnded } from './grant-record.js'
import type { GrantRecord } from './grant-record.js'
import type { Holding } from './holding.js'
import type { SessionGrant } from './found-grant.js'

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

  /** The same for everything of a person, of which no trace stays. @throws {StorageError} */
  readonly erase: (account: string) => Promise<number>
}

/** Revokes the tokens of what has ended. Never rejects. */
interface RevokesEnded {
  readonly ended: (grant: EndedGrant) => Promise<void>
  readonly loggedOut: (grant: EndedGrant) => Promise<void>
}

/** What {@link createEnding} needs. */
export interface EndingParts {
  readonly sessionKey: string
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
}

/** How many records are ended at once. */
const BATCH = 20

interface Results {
  readonly ended: EndedGrant[]
  readonly failures: unknown[]
}

/** Creates {@link Ending}. */
export function createEnding(parts: EndingParts): Ending {
  const { sessionKey, strategy, engine, index, holding, sessionGrant, accountGrants } = parts
  const { revoking, sessionStore } = parts

  /** Ends one record, and takes it out of its indexes if its id never returns. */
  async function endRecord(id: string): Promise<EndedGrant | undefined> {
    const ended = await engine.end(id)
    if (ended !== undefined && !ended.of.outlivesLogin) await index.unlink(id, ended.of.names)
    return ended
  }

  async function endWithSession({ id, record }: AccountGrant): Promise<EndedGrant | undefined> {
    const ended = await endRecord(id)
    const store = sessionStore()
    if (store !== undefined) await endSession(id, record.of, store, sessionKey)
    return ended
  }

  /** Ends all of these, even if some fail. */
  async function endEach(all: readonly AccountGrant[]): Promise<Results> {
    const results: Results = { ended: [], failures: [] }
    for (let first = 0; first < all.length; first += BATCH) {
      const batch = all.slice(first, first + BATCH).map(endWithSession)
      for (const one of await Promise.allSettled(batch)) {
        if (one.status === 'rejected') results.failures.push(one.reason)
        else if (one.value !== undefined) results.ended.push(one.value)
      }
    }
    return results
  }

  /**
   * The logins first: none of them must use the grant again if a later login brings it back.
   *
   * @param forget takes the grant out of the caller's session, before the provider takes its time
   */
  async function endAll(
    grants: readonly AccountGrant[],
    logins: readonly AccountGrant[],
    forget?: () => Promise<void>,
  ): Promise<number> {
    const { failures } = await endEach(logins)
    const results = await endEach(grants)
    await forget?.()
    await Promise.all(results.ended.map(revoking.ended))
    for (const failure of [...failures, ...results.failures]) throw failure
    return results.ended.length
  }

  /** Takes a grant out of its indexes whose id returns with the person's next login. That may have come meanwhile. */
  async function unlist(id: string, { of: { names }, lifetimeMs }: GrantRecord): Promise<void> {
    await index.unlink(id, names)
    const now = await engine.read(id, strategy)
    if (now !== undefined && !hasEnded(now)) await index.link(id, now.of.names, lifetimeMs)
  }

  /** The logins that use a grant. */
  async function loginsThrough({ id, record }: AccountGrant): Promise<AccountGrant[]> {
    const { account, outlivesLogin } = record.of
    if (!outlivesLogin || account === undefined || accountGrants === undefined) return []
    const logins = await accountGrants.loginsOf(account)
    return logins.filter((login) => login.record.of.through === id)
  }

  async function endOfAccount(
    { account, grant }: AccountHolder,
    except: LoginRequest | undefined,
  ): Promise<number> {
    const grants = needStore(accountGrants)
    const person = requireAccount(account)
    if (grant !== undefined) {
      const found = await grants.find(person, grant)
      return found === undefined ? 0 : endAll([found], await loginsThrough(found))
    }
    const own = except === undefined ? undefined : await sessionGrant.find(except)
    const isOther = ({ id }: AccountGrant): boolean =>
      typeof own !== 'object' || (id !== own.id && id !== own.login)
    const [all, logins] = [await grants.of(person), await grants.loginsOf(person)]
    return endAll(all.filter(isOther), logins.filter(isOther))
  }

  async function endOfRequest(request: LoginRequest): Promise<number> {
    const found = await sessionGrant.find(request)
    if (typeof found !== 'object') return 0
    const record = await engine.read(found.id, strategy)
    const forget = (): Promise<void> => sessionGrant.forget(request)
    if (record !== undefined) {
      const grant = { id: found.id, record }
      const logins = await loginsThrough(grant)
      // The request's own session stays, so it must not end with its grant or its login.
      const spared = (one: AccountGrant): AccountGrant =>
        one.id === found.id || one.id === found.login ? withoutSession(one) : one
      return endAll([spared(grant)], logins.map(spared), forget)
    }
    await forget()
    return 0
  }

  return {
    async endLogin(request) {
      let id: string | undefined
      try {
        const held = await holding.find(request)
        if (typeof held === 'string') return undefined
        const record = engine.peek(held.id) ?? (await engine.read(held.id, strategy))
        if (record !== undefined && record.strategy !== strategy) return undefined
        id = held.id
        const ended = await endRecord(id)
        return ended && endedLogin(ended, revoking)
      } catch {
        // The logout goes on: revoking the tokens ends the grant too.
        const { lines, of } = (id === undefined ? undefined : engine.peek(id)) ?? {}
        return (
          lines && of && endedLogin({ tokens: lines.map(({ tokens }) => tokens), of }, revoking)
        )
      }
    },

    endGrant: (holder, except) =>
      isRequest(holder) ? endOfRequest(holder) : endOfAccount(holder, except),

    async erase(account) {
      const grants = await needStore(accountGrants).of(account)
      const count = await endOfAccount({ account }, undefined)
      for (const { id, record } of grants) await unlist(id, record)
      return count
    },
  }
}

function withoutSession({ id, record }: AccountGrant): AccountGrant {
  return { id, record: { ...record, of: { ...record.of, sessionId: undefined } } }
}

function endedLogin(grant: EndedGrant, { loggedOut }: RevokesEnded): EndedLogin {
  return {
    tokens: grant.tokens,
    idToken: grant.tokens[0]?.idToken ?? grant.of.idToken,
    revoke: () => loggedOut(grant),
  }
}
