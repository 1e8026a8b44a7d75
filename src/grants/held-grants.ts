import { LoginRequiredError } from '../errors/login-errors.js'
import type { LoginRequiredReason } from '../errors/login-errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { isRequest, requireAccountHolder } from '../options/holder.js'
import type { AccountHolder, Holder } from '../options/holder.js'
import type { TokenSet } from '../options/token-set.js'
import { isAlive, needStore } from './account-grants.js'
import type { AccountGrants } from './account-grants.js'
import type { Refusal, ServedLine, Wanted } from './ask.js'
import type { GrantEngine } from './engine.js'
import type { GrantIndex } from './grant-index.js'
import type { GrantRecord, Line } from './grant-record.js'
import type { Holding } from './holding.js'
import { chooseLine } from './line-choice.js'
import { isRenewable, isValid } from './line-state.js'
import type { RefreshWays } from './refresh-ways.js'
import { validTokensOf } from './uses.js'
import type { SessionGrant } from './found-grant.js'

/** Reads and renews the grants of one strategy, for whoever holds them. */
export interface HeldGrants {
  /** The token set of the grant; `undefined` if there is none. @throws {StorageError} */
  readonly read: (holder: Holder) => Promise<TokenSet | undefined>

  /**
   * The scope of each access token that the holder can use, as the provider sent it: `undefined` for one whose answer did not say it.
   * Without a grant, `undefined`.
   *
   * @param isNew looks at the store in any case
   * @throws {StorageError}
   */
  readonly scopes: (
    holder: Holder,
    isNew: boolean,
  ) => Promise<readonly (string | undefined)[] | undefined>

  /**
   * Resolves to an access token that is valid now, and refreshes it first if necessary.
   *
   * @throws {LoginRequiredError} if the person has to log in again
   * @throws {TokenEndpointError} if a refresh is necessary and the provider fails
   * @throws {StorageError} if the store cannot be reached
   */
  readonly accessToken: (holder: Holder, wanted?: Wanted) => Promise<string>

  /**
   * The same as {@link accessToken} for a token that an API has refused; `undefined` if there is no refresh token, or if
   * within the last minute the API has refused one that had replaced another: see {@link Refusal}.
   */
  readonly replacementFor: (
    holder: Holder,
    wanted: Wanted & { readonly refused: string; readonly refusal: Refusal },
  ) => Promise<string | undefined>
}

/** What {@link createHeldGrants} needs. */
export interface HeldGrantsParts {
  readonly engine: GrantEngine
  readonly index: GrantIndex
  readonly holding: Holding
  readonly ways: RefreshWays
  readonly sessionGrant: SessionGrant
  /** The grants of people in a store; `undefined` if tokens are in the sessions. */
  readonly accountGrants: AccountGrants | undefined
}

/** A grant that its holder may use. */
interface Held {
  /** Of the record that has the tokens. */
  readonly id: string
  /** The request that holds it, and the record that its session names. */
  readonly by?: { readonly request: LoginRequest; readonly login: string } | undefined
}

/** Creates the {@link HeldGrants} of one strategy. */
export function createHeldGrants(parts: HeldGrantsParts): HeldGrants {
  const { engine, index, holding, ways, sessionGrant, accountGrants } = parts

  async function heldBy(request: LoginRequest): Promise<Held> {
    const found = await sessionGrant.find(request)
    if (typeof found === 'object') return { id: found.id, by: { request, login: found.login } }
    throw new LoginRequiredError(found)
  }

  /** The grants that serve a person, the best first. */
  async function heldOf(holder: AccountHolder): Promise<readonly Held[]> {
    const grants = needStore(accountGrants)
    const { account, grant } = requireAccountHolder(holder)
    if (grant !== undefined) {
      const found = await grants.find(account, grant)
      if (found === undefined) throw new LoginRequiredError('no_tokens', grants.name)
      return [found]
    }
    const all = await grants.of(account)
    const alive = all.filter(({ record }) => isAlive(record, Date.now()))
    // If none is alive, the newest one says why.
    const held = alive.length > 0 ? alive : all.slice(0, 1)
    if (held.length === 0) throw new LoginRequiredError('no_tokens', grants.name)
    return held
  }

  async function lineFor({ id, by }: Held, wanted: Wanted): Promise<ServedLine> {
    if (by === undefined) return engine.freshLine(id, ways, { ...wanted, isJob: true })
    const afterRenewal = (line: Line): Promise<void> => holding.update(by.request, id, line)
    try {
      const line = await engine.freshLine(id, ways, { ...wanted, afterRenewal })
      void holding.update(by.request, id, line)
      return line
    } catch (error) {
      const isUseless = error instanceof LoginRequiredError && !engine.isUsable(id)
      if (isUseless) await sessionGrant.noteEnd(by.request, by.login)
      throw error
    }
  }

  /** The tokens of the first grant that has some. */
  async function tokensOfAny(held: readonly Held[], wanted: Wanted): Promise<TokenSet> {
    let reason: LoginRequiredReason = 'no_tokens'
    for (const one of held) {
      try {
        const line = await lineFor(one, wanted)
        prolong(one)
        return line.served
      } catch (error) {
        if (!(error instanceof LoginRequiredError)) throw error
        reason = error.reason
      }
    }
    throw new LoginRequiredError(reason)
  }

  async function heldFor(holder: Holder): Promise<readonly Held[]> {
    return isRequest(holder) ? [await heldBy(holder)] : heldOf(holder)
  }

  /** Requests let their login live longer; and whoever uses a grant that survives logins, lets that one live longer. */
  function prolong({ id, by }: Held): void {
    const renewLinks = ({ of: { names }, lifetimeMs }: GrantRecord, of: string): Promise<void> =>
      index.link(of, names, lifetimeMs)
    const ids = new Set<string>()
    if (by !== undefined) ids.add(by.login)
    if (by !== undefined || engine.peek(id)?.of.outlivesLogin) ids.add(id)
    for (const one of ids) void engine.prolong(one, (record) => renewLinks(record, one))
  }

  /** The grant that serves a holder; `undefined` if there is none. @throws {StorageError} */
  async function recordFor(holder: Holder, isNew = false): Promise<GrantRecord | undefined> {
    try {
      const [held] = await heldFor(holder)
      if (held !== undefined && isNew) await engine.look(held.id)
      return held && (await engine.read(held.id, ways.strategy))
    } catch (error) {
      if (error instanceof LoginRequiredError) return undefined
      throw error
    }
  }

  return {
    async read(holder) {
      const record = await recordFor(holder)
      return record && servingLine(record, ways.usualScope)?.tokens
    },

    async scopes(holder, isNew) {
      const record = await recordFor(holder, isNew)
      if (record === undefined || record.lines.length === 0) return undefined
      return usableTokens(record).map(({ scope }) => scope)
    },

    async accessToken(holder, wanted = {}) {
      return (await tokensOfAny(await heldFor(holder), wanted)).accessToken
    },

    async replacementFor(holder, wanted) {
      const held = await heldFor(holder)
      const records = await Promise.all(held.map(({ id }) => engine.read(id, ways.strategy)))
      const lines = records.flatMap((record) => record?.lines ?? [])
      const isTheOnlyOne = lines.every(
        ({ tokens }) => tokens.accessToken === wanted.refused && tokens.refreshToken === undefined,
      )
      if (isTheOnlyOne && lines.length > 0) return undefined
      const { accessToken } = await tokensOfAny(held, wanted)
      return accessToken === wanted.refused ? undefined : accessToken
    },
  }
}

/** The line whose tokens are shown: that which serves a request. */
function servingLine(
  { lines }: GrantRecord,
  usualScope: readonly string[] | undefined,
): Line | undefined {
  const now = Date.now()
  const isUsable = (line: Line): boolean => isValid(line, now) || isRenewable(line, now)
  return chooseLine(lines, { isUsable, usualScope })
}

/** The tokens that can be used without a login; if there are none, those that could. */
function usableTokens({ lines }: GrantRecord): readonly TokenSet[] {
  const now = Date.now()
  const usable = lines.flatMap((line) => [
    ...(isRenewable(line, now) ? [line.tokens] : []),
    ...validTokensOf(line, now),
  ])
  return usable.length > 0 ? usable : lines.map(({ tokens }) => tokens)
}
