import type { LoginRequiredReason } from '../errors/login-errors.js'
import { createSeal } from '../lib/sealing.js'
import type { TokenSet } from '../options/token-set.js'
import type { StrategyData } from '../session/strategy-data.js'
import type { Line } from './grant-record.js'

/** The tokens of one strategy as they are stored in a session. Only `held` is secret. */
export interface SessionEntry {
  /** The grant's id: random. */
  readonly id: string
  /** Identifies the strategy that made the entry, the only one that may use it. */
  readonly owner: string
  /** The generation of the tokens. */
  readonly version: number
  /** The tokens. Sealed, and therefore a string, if there is a `tokenSecret`. */
  readonly held: HeldTokens | string
  /** Present if this provider was connected to a person who was already logged in by another way. */
  readonly connected?: true
}

/** The tokens in an entry. */
export interface HeldTokens {
  readonly tokens: TokenSet
  /** When the access token becomes due for renewal, in **milliseconds since the epoch**. */
  readonly renewAt?: number | undefined
  /** Why the provider has refused to refresh these tokens. */
  readonly refused?: string | undefined
}

/** What sessions held before grants had records: the tokens are one level deeper. */
interface EarlierTokens {
  readonly state: HeldTokens
}

/** The field that says that the grant has ended: with the grant's id. */
const ENDED = 'oauth2GrantEnded'

/** The id of the grant that these data of a session hold; `undefined` if they hold none. */
export function grantIdOf(data: StrategyData): string | undefined {
  const { grant } = data
  return typeof grant === 'string' ? grant : entryOf(data)?.id
}

/** Whether the data hold the id of a grant that is in a store. */
export function isInStore({ grant }: StrategyData): boolean {
  return typeof grant === 'string'
}

/**
 * Whether the grant by which the person logged in to this session has ended. If so, the person has to log in again.
 *
 * @param data of a strategy: anything can look like this
 */
export function hasEndedHere(data: StrategyData): boolean {
  // Sessions of the first days have `true`.
  return typeof data[ENDED] === 'string' || data[ENDED] === true
}

/** Whether the session says that the login `id` has ended, whichever strategy's data these are. */
export function saysEnded(data: StrategyData, id: string): boolean {
  return data[ENDED] === id
}

/**
 * Whether the session says that the provider was only connected to a login, so that the login outlives the grant. The store
 * may have lost the record that says so too.
 */
export function isConnectedHere(data: StrategyData): boolean {
  return data['connected'] === true || entryOf(data)?.connected === true
}

/** The entry in these data of a session; `undefined` if there is none. */
export function entryOf(data: StrategyData): SessionEntry | undefined {
  const { entry } = data
  return isSessionEntry(entry) ? entry : undefined
}

/** Whether the value has the fields of an entry. A session can hold anything. */
function isSessionEntry(value: unknown): value is SessionEntry {
  const fields = Object(value) as Partial<Record<keyof SessionEntry, unknown>>
  const { id, owner, version, held } = fields
  return (
    typeof id === 'string' &&
    typeof owner === 'string' &&
    typeof version === 'number' &&
    (typeof held === 'string' || heldTokens(held) !== undefined)
  )
}

/** The tokens in the content of an entry, as this version or an earlier one has written it. */
function heldTokens(value: unknown): HeldTokens | undefined {
  const { state = value } = Object(value) as Partial<EarlierTokens>
  const { tokens } = Object(state) as Partial<HeldTokens>
  const { accessToken } = Object(tokens) as Partial<TokenSet>
  return typeof accessToken === 'string' ? (state as HeldTokens) : undefined
}

/** The strategy's data in a session after a login, whose tokens are in the session. */
export function withEntry(data: StrategyData, entry: SessionEntry): StrategyData {
  return { ...data, grant: undefined, connected: undefined, entry, [ENDED]: undefined }
}

/** The strategy's data in a session after a login, whose tokens are in a store under this id. */
export function withGrantId(data: StrategyData, grant: string, connected: boolean): StrategyData {
  const noted = connected || undefined
  return { ...data, grant, connected: noted, entry: undefined, [ENDED]: undefined }
}

/**
 * The strategy's data after a renewal; `undefined` if they now have another grant, or already have these tokens or newer
 * ones.
 */
export function withNewerEntry(data: StrategyData, entry: SessionEntry): StrategyData | undefined {
  const present = entryOf(data)
  return present?.id === entry.id && present.version < entry.version
    ? { ...data, entry }
    : undefined
}

/**
 * The strategy's data after the end of the grant `id`; `undefined` if they have another grant.
 *
 * @param ended notes that the person has to log in again
 */
export function withoutGrant(
  data: StrategyData,
  id: string,
  ended: boolean,
): StrategyData | undefined {
  if (grantIdOf(data) !== id) return undefined
  const note = ended ? id : undefined
  return { ...data, entry: undefined, grant: undefined, connected: undefined, [ENDED]: note }
}

/** Makes the entries of one strategy, and opens them. */
export interface SessionEntries {
  readonly make: (id: string, line: Line, connected: boolean) => SessionEntry
  /** The tokens in an entry, or the reason why there are none. */
  readonly open: (entry: SessionEntry) => HeldTokens | LoginRequiredReason
}

/** Creates the {@link SessionEntries} of one strategy. */
export function createSessionEntries(settings: {
  readonly sessionKey: string
  /** Identifies the strategy: see {@link SessionEntry.owner}. */
  readonly owner: string
  /** Seals the entries. Without it, they are not sealed. */
  readonly tokenSecret?: string | readonly string[] | undefined
}): SessionEntries {
  const { sessionKey, owner, tokenSecret } = settings
  const seal = tokenSecret === undefined ? undefined : createSeal(tokenSecret, 'session tokens')
  /** A request may ask for its tokens several times. */
  const opened = new WeakMap<SessionEntry, HeldTokens>()
  const contextOf = (id: string): string => `${sessionKey} ${id}`

  return {
    make(id, { generation, tokens, renewAt, refused }, connected) {
      const held = { tokens, renewAt, refused }
      return {
        id,
        owner,
        version: generation,
        held: seal === undefined ? held : seal.seal(held, contextOf(id)),
        ...(connected && { connected }),
      }
    },

    open(entry) {
      if (entry.owner !== owner) return 'no_tokens'
      const known = opened.get(entry)
      if (known !== undefined) return known
      const { held, id } = entry
      const content =
        typeof held === 'string'
          ? (seal?.open(held, contextOf(id)) ?? seal?.open(held, sessionKey))
          : held
      const tokens = heldTokens(content)
      if (tokens === undefined) return 'unreadable'
      opened.set(entry, tokens)
      return tokens
    },
  }
}
