import type { LoginRequiredReason } from '../errors/errors.js'
import { digest } from '../lib/digest.js'
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
  return digest(`session entry of ${grant}`).slice(0, 16)
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

/** Makes entries, and opens them. */
export interface TokenEntries {
  make(grant: string, state: GrantState, connected: boolean): Promise<TokenEntry>
  /** The grant in a session, or why there is none. */
  open(session: LoginSession): Promise<HeldGrant | LoginRequiredReason>
}

/**
 * The entries of one strategy, sealed if there is a secret.
 *
 * @throws {ConfigurationError} when the secret is too short
 */
export function createTokenEntries(
  sessionKey: string,
  owner: string,
  tokenSecret: string | readonly string[] | undefined,
): TokenEntries {
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

  return {
    async make(grant, state, connected) {
      const held: HeldGrant = { grant, state }
      return {
        id: entryId(grant),
        owner,
        version: state.version,
        held: seal === undefined ? held : await seal.seal(held, sessionKey),
        ...(connected && { connected }),
      }
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
