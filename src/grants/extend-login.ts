import { randomId } from '../lib/random-id.js'
import type { TokenSet } from '../options/token-set.js'
import type { EndedGrant, GrantEngine } from './engine.js'
import type { GrantIndex } from './grant-index.js'
import { lineOf } from './grant-record.js'
import type { GrantOwner } from './grant-record.js'
import { isProviderName } from './index-names.js'
import { needlessLines } from './needless-lines.js'
import { scopesOf } from './scope-set.js'
import type { BegunLogin, ExtendedGrant } from './stored-login.js'

/** The login that does. */
interface ExtendingLogin {
  readonly tokens: TokenSet
  readonly renewAt: number | undefined
  /** The session that will hold the grant. */
  readonly sessionId: string | undefined
  /** Whether the provider is connected to a person who is already logged in by another way: then that session stays. */
  readonly connected: boolean
  readonly lifetimeMs: number
}

/**
 * Adds the tokens of a login for more to the grant that the same person has in the session, which loses nothing by it. The grant
 * has a new holder: in the session before, it has ended. `undefined` if it has ended altogether, or is another account's.
 *
 * @param of to whom the grant would belong if it were new
 * @throws {StorageError} if the store fails: what the grant had before stays if its session does
 */
export type ExtendLogin = (
  grant: ExtendedGrant,
  login: ExtendingLogin,
  of: GrantOwner,
) => Promise<BegunLogin | undefined>

/** Creates {@link ExtendLogin}. */
export function createExtendLogin(parts: {
  readonly engine: GrantEngine
  readonly index: GrantIndex
  /** Identifies the strategy. */
  readonly strategy: string
  readonly settings: { readonly scope: string | undefined }
  readonly revoking: { readonly replaced: (grant: EndedGrant) => Promise<void> }
}): ExtendLogin {
  const { engine, index, strategy, settings, revoking } = parts
  const usualScope = [...scopesOf(settings.scope ?? '')]

  /** Nobody has the tokens. The session that had the grant is gone too, unless the provider was only connected to it. */
  async function undo(id: string, line: string, connected: boolean): Promise<void> {
    if (connected) {
      await engine.dropLine(id, line)
      return
    }
    const ended = await engine.end(id)
    if (ended !== undefined) void revoking.replaced(ended)
  }

  return async ({ id, holder, unsaidScope }, login, of) => {
    const { tokens, renewAt, lifetimeMs, connected } = login
    const line = randomId()
    let earlier: readonly string[] = []
    const owner = (present: GrantOwner): GrantOwner | undefined => {
      earlier = present.names
      const isMeant =
        (connected || present.holder === holder) &&
        present.account === of.account &&
        present.connected === of.connected &&
        present.through === undefined
      return isMeant ? extendedOwner(present, of, login) : undefined
    }
    try {
      const added = { line, strategy, tokens, renewAt, lifetimeMs, of: owner }
      const record = await engine.extend(id, added)
      if (record === undefined) return undefined
      const { names } = record.of
      await index.link(id, names, lifetimeMs)
      const left = earlier.filter((one) => !names.includes(one))
      if (left.length > 0) await index.unlink(id, left)
      const covered = needlessLines(record, line, unsaidScope, usualScope, Date.now())
      const lines = record.lines.filter((one) => !covered.includes(one.id))
      const wasHeld = connected ? { line: lineOf(record, line)?.id } : undefined
      return { id, record: { ...record, lines }, covered, wasHeld }
    } catch (error) {
      await undo(id, line, connected).catch(() => undefined)
      throw error
    }
  }
}

/** To whom a grant belongs after a login for more. The names of a provider's logout are those of the newest login that has some. */
function extendedOwner(
  present: GrantOwner,
  of: GrantOwner,
  { sessionId }: ExtendingLogin,
): GrantOwner {
  const isNamed = of.names.some(isProviderName)
  const kept = present.names.filter((one) => !isNamed || !isProviderName(one))
  const isFound = present.sessionId !== undefined || of.sessionId !== undefined
  return {
    ...of,
    names: [...new Set([...of.names, ...kept])],
    authenticatedAt: of.authenticatedAt ?? present.authenticatedAt,
    sessionId: isFound ? sessionId : undefined,
    holder: randomId(),
  }
}
