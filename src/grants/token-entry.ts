import { hash, randomBytes } from 'node:crypto'
import type { LoginRequiredReason } from '../errors/errors.js'
import type { LoginSession } from '../lib/login-request.js'
import { createSeal } from '../lib/sealing.js'
import type { GrantState } from '../options/ledger.js'
import type { TokenSet } from '../options/token-set.js'
import { readStrategyData } from '../session/request-session.js'
import type { StrategyData } from '../session/request-session.js'

/** The tokens of one strategy as they are stored in a session. Only `held` is secret. */
export interface TokenEntry {
  /** Identifies the grant. The grant cannot be computed from it. */
  readonly id: string
  /** Identifies the strategy that made the entry, the only one that may use it. */
  readonly owner: string
  /** The version of the grant's state. */
  readonly version: number
  /** The grant and its state. Sealed, and therefore a string, if there is a `tokenSecret`. */
  readonly held: HeldGrant | string
  /** Present if this provider was connected to a person who was already logged in by another way. */
  readonly connected?: true
}

/** A grant and the state in which this session has it. */
export interface HeldGrant {
  /** The grant's secret: 256 random bits, in Base64url. The ledger's record is found and opened with it. */
  readonly grant: string
  readonly state: GrantState
}

/** Whether these data of a session hold a grant. */
export function holdsGrant(data: StrategyData): boolean {
  return entryOf(data) !== undefined
}

/** Whether the grant by which the person logged in to this session has ended. If so, the person has to log in again. */
export function hasEnded(data: StrategyData): boolean {
  return data[ENDED] === true
}

/** The field that says that the grant has ended. The name is long so that no application uses it for its own fields. */
const ENDED = 'oauth2GrantEnded'

/** The entry in these data of a session; `undefined` if there is none. */
export function entryOf(data: StrategyData): TokenEntry | undefined {
  const { entry } = data
  return isTokenEntry(entry) ? entry : undefined
}

/** Whether the value has the fields of an entry. A session can hold anything. */
function isTokenEntry(value: unknown): value is TokenEntry {
  const { id, owner, version, held } = Object(value) as Partial<Record<keyof TokenEntry, unknown>>
  return (
    typeof id === 'string' &&
    typeof owner === 'string' &&
    typeof version === 'number' &&
    (typeof held === 'string' || isHeldGrant(held))
  )
}

function isHeldGrant(value: unknown): value is HeldGrant {
  const { grant, state } = Object(value) as Partial<Record<keyof HeldGrant, unknown>>
  const { version, tokens } = Object(state) as Partial<Record<keyof GrantState, unknown>>
  const { accessToken } = Object(tokens) as Partial<Record<keyof TokenSet, unknown>>
  return typeof grant === 'string' && typeof version === 'number' && typeof accessToken === 'string'
}

/** The `id` of a grant's entry. */
export function entryId(grant: string): string {
  return hash('sha256', `session entry of ${grant}`, 'base64url').slice(0, 16)
}

/** The strategy's data in a session after a login. */
export function withEntry(data: StrategyData, entry: TokenEntry): StrategyData {
  return { ...data, entry, [ENDED]: undefined }
}

/**
 * The strategy's data after a renewal; `undefined` if they now have another grant, or already have these tokens or newer
 * ones.
 */
export function withNewerEntry(data: StrategyData, entry: TokenEntry): StrategyData | undefined {
  const present = entryOf(data)
  return present?.id === entry.id && present.version < entry.version
    ? { ...data, entry }
    : undefined
}

/**
 * The strategy's data after the end of the grant `id`; `undefined` if they have another grant.
 *
 * @param ended notes that the person has to log in again; ignored for a connected provider, without which the
 * person stays logged in
 */
export function withoutEntry(
  data: StrategyData,
  id: string,
  ended: boolean,
): StrategyData | undefined {
  const entry = entryOf(data)
  if (entry?.id !== id) return undefined
  return { ...data, entry: undefined, [ENDED]: (ended && !entry.connected) || undefined }
}

/** A new grant. */
export interface BegunGrant {
  /** The grant's secret. */
  readonly grant: string
  /** The entry for the session. */
  readonly entry: TokenEntry
}

/** Makes the entries of one strategy, and opens them. */
export interface TokenEntries {
  /** The entry of this strategy in a session; `undefined` if there is none, or it is another strategy's. */
  find(session: LoginSession): TokenEntry | undefined
  /**
   * Makes a new grant and its entry.
   *
   * @param connected whether the provider was connected to a person who was already logged in
   */
  begin(tokens: TokenSet, connected: boolean): Promise<BegunGrant>
  /** Makes the entry of a renewed grant. */
  make(grant: string, state: GrantState, connected: boolean): Promise<TokenEntry>
  /** The grant in a session, or the reason why there is none. */
  open(session: LoginSession): Promise<HeldGrant | LoginRequiredReason>
}

/** What {@link createTokenEntries} needs. */
export interface TokenEntrySettings {
  /** The field of the session that has the strategy's data. */
  readonly sessionKey: string
  /** Identifies the strategy: see {@link TokenEntry.owner}. */
  readonly owner: string
  /** Seals the entries. Without it, they are not sealed. */
  readonly tokenSecret?: string | readonly string[] | undefined
  /** How long before it expires an access token is due for renewal, in **seconds**. */
  readonly refreshBeforeSeconds: number
}

/** Creates the {@link TokenEntries} of one strategy. */
export function createTokenEntries(settings: TokenEntrySettings): TokenEntries {
  const { sessionKey, owner, tokenSecret, refreshBeforeSeconds } = settings
  const seal = tokenSecret === undefined ? undefined : createSeal(tokenSecret, 'session tokens')
  /** Opening takes time, and a request may ask for its tokens several times. */
  const opened = new WeakMap<TokenEntry, Promise<unknown>>()

  function open(entry: TokenEntry, sealed: string): Promise<unknown> {
    const known = opened.get(entry)
    if (known !== undefined) return known
    const opening =
      seal === undefined ? Promise.resolve() : Promise.resolve(seal.open(sealed, sessionKey))
    opened.set(entry, opening)
    return opening
  }

  async function make(grant: string, state: GrantState, connected: boolean): Promise<TokenEntry> {
    const held: HeldGrant = { grant, state }
    return {
      id: entryId(grant),
      owner,
      version: state.version,
      held: seal === undefined ? held : await Promise.resolve(seal.seal(held, sessionKey)),
      ...(connected && { connected }),
    }
  }

  return {
    make,

    find(session) {
      const entry = entryOf(readStrategyData(session, sessionKey))
      return entry?.owner === owner ? entry : undefined
    },

    async begin(tokens, connected) {
      const grant = randomBytes(32).toString('base64url')
      const state = stateOf(tokens, 1, refreshBeforeSeconds)
      return { grant, entry: await make(grant, state, connected) }
    },

    async open(session) {
      const data = readStrategyData(session, sessionKey)
      const entry = entryOf(data)
      if (entry === undefined) return hasEnded(data) ? 'grant_ended' : 'no_tokens'
      if (entry.owner !== owner) return 'no_tokens'
      if (typeof entry.held !== 'string') return entry.held
      const held = await open(entry, entry.held)
      return isHeldGrant(held) ? held : 'unreadable'
    },
  }
}

/**
 * The state of a grant whose token set has just been received. It is due for renewal `refreshBeforeSeconds`
 * before the access token expires, but not before half of its lifetime is over.
 */
export function stateOf(
  tokens: TokenSet,
  version: number,
  refreshBeforeSeconds: number,
): GrantState {
  const { expiresAt } = tokens
  if (expiresAt === undefined) return { version, tokens }
  const lifetimeMs = Math.max(0, expiresAt - Date.now())
  return {
    version,
    tokens,
    renewAt: expiresAt - Math.min(refreshBeforeSeconds * 1000, lifetimeMs / 2),
  }
}
