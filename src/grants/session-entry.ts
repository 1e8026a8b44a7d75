import type { LoginRequiredReason } from '../errors/login-errors.js'
import { createSeal } from '../lib/sealing.js'
import type { TokenSet } from '../options/token-set.js'
import type { StrategyData } from '../session/strategy-data.js'
import type { HeldLine, Line } from './grant-record.js'

/** The tokens of one line of a grant as they are stored in a session. Only `held` is secret. */
interface EntryLine {
  /** The number of the line. Left out if it is the first that the grant has had. */
  readonly line?: number
  /** The generation of the tokens. */
  readonly version: number
  /** The tokens. Sealed, and therefore a string, if there is a `tokenSecret`. */
  readonly held: HeldTokens | string
}

/** The tokens of one strategy as they are stored in a session: those of the newest line, and those of further ones. */
export interface SessionEntry extends EntryLine {
  /** The grant's id: random. */
  readonly id: string
  /** Identifies the strategy that made the entry, the only one that may use it. */
  readonly owner: string
  /** The older lines of the grant, the newest first. */
  readonly further?: readonly EntryLine[]
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
  const { id, owner, further = [] } = fields
  return (
    typeof id === 'string' &&
    typeof owner === 'string' &&
    isEntryLine(value) &&
    Array.isArray(further) &&
    further.every(isEntryLine)
  )
}

function isEntryLine(value: unknown): value is EntryLine {
  const { line = 1, version, held } = Object(value) as Partial<Record<keyof EntryLine, unknown>>
  return (
    typeof line === 'number' &&
    typeof version === 'number' &&
    (typeof held === 'string' || heldTokens(held) !== undefined)
  )
}

/** All lines in an entry, the newest first. */
function linesIn({ line, version, held, further = [] }: SessionEntry): readonly EntryLine[] {
  return [{ ...(line !== undefined && { line }), version, held }, ...further]
}

function numberOf({ line = 1 }: EntryLine): number {
  return line
}

/** Whether an entry lacks one of these lines, or has older tokens of it. */
export function isOlderThan(
  entry: SessionEntry,
  lines: readonly Pick<Line, 'number' | 'generation'>[],
): boolean {
  const versions = new Map(linesIn(entry).map((one) => [numberOf(one), one.version]))
  return lines.some(({ number, generation }) => (versions.get(number) ?? 0) < generation)
}

/** The entry with the newest tokens that either has. */
function merged(present: SessionEntry, newer: SessionEntry): SessionEntry {
  const lines = new Map(linesIn(newer).map((one) => [numberOf(one), one]))
  for (const one of linesIn(present)) {
    const { version = 0 } = lines.get(numberOf(one)) ?? {}
    if (version < one.version) lines.set(numberOf(one), one)
  }
  const sorted = [...lines.values()].sort((one, other) => numberOf(other) - numberOf(one))
  const { id, owner, connected } = newer
  return { id, owner, ...entryOfLines(sorted), ...(connected && { connected }) }
}

/** @param lines the newest first; there is one at least */
function entryOfLines(
  lines: readonly EntryLine[],
): Pick<SessionEntry, 'line' | 'version' | 'held' | 'further'> {
  const [newest, ...further] = lines
  if (newest === undefined) throw new Error('A grant without a line has ended.')
  return { ...newest, ...(further.length > 0 && { further }) }
}

/** The tokens in the content of an entry, as this version or an earlier one has written it. */
function heldTokens(value: unknown): HeldTokens | undefined {
  const { state = value } = Object(value) as Partial<EarlierTokens>
  const { tokens } = Object(state) as Partial<HeldTokens>
  const { accessToken } = Object(tokens) as Partial<TokenSet>
  return typeof accessToken === 'string' ? (state as HeldTokens) : undefined
}

/** Whether the data hold a grant, with all of these lines if its tokens are in the session. */
export function holdsGrant(data: StrategyData, id: string, lines: readonly Line[]): boolean {
  const entry = entryOf(data)
  return grantIdOf(data) === id && (entry === undefined || !isOlderThan(entry, lines))
}

/** The strategy's data in a session after a login, whose tokens are in the session. */
export function withEntry(data: StrategyData, entry: SessionEntry, holder?: string): StrategyData {
  return { ...data, grant: undefined, connected: undefined, entry, holder, [ENDED]: undefined }
}

/** The strategy's data in a session after a login, whose tokens are in a store under this id. */
export function withGrantId(
  data: StrategyData,
  grant: string,
  connected: boolean,
  holder?: string,
): StrategyData {
  const noted = connected || undefined
  return { ...data, grant, connected: noted, entry: undefined, holder, [ENDED]: undefined }
}

/**
 * The strategy's data after a renewal; `undefined` if they now have another grant, or already have these tokens or newer
 * ones.
 */
export function withNewerEntry(data: StrategyData, entry: SessionEntry): StrategyData | undefined {
  const present = entryOf(data)
  if (present?.id !== entry.id) return undefined
  const lines = linesIn(entry).map((one) => ({ number: numberOf(one), generation: one.version }))
  return isOlderThan(present, lines) ? { ...data, entry: merged(present, entry) } : undefined
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
  const none = { entry: undefined, grant: undefined, connected: undefined, holder: undefined }
  return { ...data, ...none, [ENDED]: note }
}

/** Makes the entries of one strategy, and opens them. */
export interface SessionEntries {
  /** @param lines the newest first; there is one at least */
  readonly make: (id: string, lines: readonly Line[], connected: boolean) => SessionEntry
  /** The lines in an entry, or the reason why there are none. */
  readonly open: (entry: SessionEntry) => readonly HeldLine[] | LoginRequiredReason
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
  const opened = new WeakMap<SessionEntry, readonly HeldLine[]>()
  const contextOf = (id: string, number: number): string =>
    number === 1 ? `${sessionKey} ${id}` : `${sessionKey} ${id} ${number}`

  function lineOf(id: string, { number, generation, tokens, renewAt, refused }: Line): EntryLine {
    const held = { tokens, renewAt, refused }
    return {
      ...(number !== 1 && { line: number }),
      version: generation,
      held: seal === undefined ? held : seal.seal(held, contextOf(id, number)),
    }
  }

  function openLine(id: string, line: EntryLine): HeldLine | undefined {
    const { held, version: generation } = line
    const number = numberOf(line)
    const content =
      typeof held === 'string'
        ? (seal?.open(held, contextOf(id, number)) ?? seal?.open(held, sessionKey))
        : held
    const tokens = heldTokens(content)
    return tokens && { ...tokens, number, generation }
  }

  return {
    make: (id, lines, connected) => ({
      id,
      owner,
      ...entryOfLines(lines.map((line) => lineOf(id, line))),
      ...(connected && { connected }),
    }),

    open(entry) {
      if (entry.owner !== owner) return 'no_tokens'
      const known = opened.get(entry)
      if (known !== undefined) return known
      const lines = linesIn(entry).map((line) => openLine(entry.id, line))
      const readable = lines.filter((line) => line !== undefined)
      if (readable.length < lines.length) return 'unreadable'
      opened.set(entry, readable)
      return readable
    },
  }
}
