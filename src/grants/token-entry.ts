import { hash, randomBytes } from 'node:crypto'
import type { LoginRequiredReason } from '../errors/errors.js'
import type { LoginSession } from '../lib/login-request.js'
import { createSeal } from '../lib/sealing.js'
import type { GrantState } from '../options/ledger.js'
import type { TokenSet } from '../options/token-set.js'
import { readPart } from '../session/session-part.js'
import type { SessionPart } from '../session/session-part.js'

/** How tokens lie in a session. What is not secret is readable without opening anything. */
export interface TokenEntry {
  /** Tells grants apart, and says nothing about them. */
  readonly id: string
  /** Names the strategy that alone may use it. */
  readonly owner: string
  readonly version: number
  /** The grant and its state; sealed, if there is a `tokenSecret`. */
  readonly held: HeldGrant | string
  /** Present when this provider was connected to a person who had logged in otherwise. */
  readonly connected?: true
}

/** A grant, opened. */
export interface HeldGrant {
  /** 256 random bits: who has them can find and open the ledger's record. */
  readonly grant: string
  readonly state: GrantState
}

/** Whether this part of a session holds a grant. */
export function holdsGrant(part: SessionPart): boolean {
  return entryOf(part) !== undefined
}

/** Whether the grant that this session was logged in by has ended, so that the person has to log in again. */
export function hasEnded(part: SessionPart): boolean {
  return part[ENDED] === true
}

/** Under this name a part says that its grant has ended: one that no application has among its own fields. */
const ENDED = 'oauth2GrantEnded'

/** The entry in a part of a session. */
export function entryOf(part: SessionPart): TokenEntry | undefined {
  const { entry } = part
  return isTokenEntry(entry) ? entry : undefined
}

/** Whether this may have been made by {@link createTokenEntries}. A session can hold anything. */
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

/** What a part of a session becomes by a login. */
export function withEntry(part: SessionPart, entry: TokenEntry): SessionPart {
  return { ...part, entry, [ENDED]: undefined }
}

/** What it becomes by a renewal; `undefined` if it holds another grant by now, or the newer tokens already. */
export function withNewerEntry(part: SessionPart, entry: TokenEntry): SessionPart | undefined {
  const present = entryOf(part)
  return present?.id === entry.id && present.version < entry.version
    ? { ...part, entry }
    : undefined
}

/**
 * What it becomes by the end of the grant `id`; `undefined` if it holds another one. A login that has
 * `ended` by itself is noted, for the person has to be asked to log in; a provider that was connected is not.
 */
export function withoutEntry(
  part: SessionPart,
  id: string,
  ended: boolean,
): SessionPart | undefined {
  const entry = entryOf(part)
  if (entry?.id !== id) return undefined
  return { ...part, entry: undefined, [ENDED]: (ended && !entry.connected) || undefined }
}

/** A new grant. */
export interface BegunGrant {
  /** The grant's secret. */
  readonly grant: string
  /** What goes into the session. */
  readonly entry: TokenEntry
}

/** Makes the entries of one strategy, and opens them. */
export interface TokenEntries {
  /** The entry of this strategy in a session. Another strategy of the same name may have its own there. */
  find(session: LoginSession): TokenEntry | undefined
  /** Makes the entry of a new grant. */
  begin(tokens: TokenSet, connected: boolean): Promise<BegunGrant>
  /** Makes the entry of a grant that has been renewed. */
  make(grant: string, state: GrantState, connected: boolean): Promise<TokenEntry>
  /** The grant in a session, or why there is none. */
  open(session: LoginSession): Promise<HeldGrant | LoginRequiredReason>
}

/** Where the entries of a strategy are, and what they are sealed with. */
export interface TokenEntrySettings {
  readonly sessionKey: string
  /** Names the strategy: see {@link TokenEntry.owner}. */
  readonly owner: string
  /** Without it, entries are not sealed. */
  readonly tokenSecret?: string | readonly string[] | undefined
  readonly refreshBeforeSeconds: number
}

/** Creates the entries of one strategy. */
export function createTokenEntries(settings: TokenEntrySettings): TokenEntries {
  const { sessionKey, owner, tokenSecret, refreshBeforeSeconds } = settings
  const seal = tokenSecret === undefined ? undefined : createSeal(tokenSecret, 'session tokens')
  /** A request that asks for its tokens several times opens them once. */
  const opened = new WeakMap<TokenEntry, Promise<unknown>>()

  function open(entry: TokenEntry, sealed: string): Promise<unknown> {
    const known = opened.get(entry)
    if (known !== undefined) return known
    const opening = seal === undefined ? Promise.resolve() : seal.open(sealed, sessionKey)
    opened.set(entry, opening)
    return opening
  }

  async function make(grant: string, state: GrantState, connected: boolean): Promise<TokenEntry> {
    const held: HeldGrant = { grant, state }
    return {
      id: entryId(grant),
      owner,
      version: state.version,
      held: seal === undefined ? held : await seal.seal(held, sessionKey),
      ...(connected && { connected }),
    }
  }

  return {
    make,

    find(session) {
      const entry = entryOf(readPart(session, sessionKey))
      return entry?.owner === owner ? entry : undefined
    },

    async begin(tokens, connected) {
      const grant = randomBytes(32).toString('base64url')
      const state = stateOf(tokens, 1, refreshBeforeSeconds)
      return { grant, entry: await make(grant, state, connected) }
    },

    async open(session) {
      const part = readPart(session, sessionKey)
      const entry = entryOf(part)
      if (entry === undefined) return hasEnded(part) ? 'grant_ended' : 'no_tokens'
      if (entry.owner !== owner) return 'no_tokens'
      if (typeof entry.held !== 'string') return entry.held
      const held = await open(entry, entry.held)
      return isHeldGrant(held) ? held : 'unreadable'
    },
  }
}

/** A token set just received, with the time from which on it is due for renewal. */
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
