import type { LoginRequiredReason } from '../errors/errors.js'
import { StorageError } from '../errors/errors.js'
import { systemClock, wait } from '../lib/clock.js'
import type { LoginRequest } from '../lib/login-request.js'
import { createSingleFlight } from '../lib/single-flight.js'
import { guardOf } from '../session/session-guard.js'
import { readStrategyData, requireSession, showStrategyData } from '../session/request-session.js'
import type { StrategyData } from '../session/request-session.js'
import { changeStoredData, tryToChangeStoredData } from '../session/stored-session.js'
import type { SessionAddress } from '../session/stored-session.js'
import type { AdoptedOwners, Adoption, HeldGrant } from './adoption.js'
import { hasEnded, isNewer, lineOf } from './grant-record.js'
import { holderIn, mayUse } from './holder.js'
import type { GrantRecord, Line } from './grant-record.js'
import {
  entryOf,
  grantIdOf,
  isInStore,
  isOlderThan,
  withEntry,
  withGrantId,
  withNewerEntry,
  withoutGrant,
} from './session-entry.js'
import type { SessionEntries } from './session-entry.js'

/** What the session of a request holds of a grant: its tokens, or the id of a grant in a store. */
export interface Holding {
  /**
   * Finds the id of the grant that the request's session holds, and makes its tokens known to the engine if they are
   * in the session. If there is none, resolves to the reason.
   *
   * @throws {StorageError} if the store cannot be reached, or the session's grant is in a store that this process lacks
   */
  readonly find: (request: LoginRequest) => Promise<{ id: string } | LoginRequiredReason>
  /** The strategy's data in the session of a login. */
  readonly hold: (data: StrategyData, id: string, record: GrantRecord) => StrategyData
  /** Brings the session up to date with the line that a request has used. Never rejects. */
  readonly update: (request: LoginRequest, id: string, line: Line) => Promise<void>
  /** How many sessions are being brought up to date. */
  readonly busy: () => number
}

/** How long tokens are offered to a session store that fails, and how often, in **milliseconds**. */
const STORED_LATER_MS = 60 * 60_000
const STORE_PAUSE_MS = 1_000

type ChangeData = (data: StrategyData) => StrategyData | undefined

const NOT_HERE =
  'this session has the id of a grant in a store, and this process has no option grants'

/** What both kinds of holding need. */
export interface HoldingParts {
  readonly sessionKey: string
  /** Identifies the strategy. */
  readonly strategy: string
  readonly engine: Adoption
  readonly entries: SessionEntries
  /** How long a grant lives whose tokens come from a session, in **milliseconds**. */
  readonly lifetimeMs: number
  /** How long the session store may take, in **milliseconds**. */
  readonly timeoutMs: number
}

/**
 * The tokens are in the session. The engine of this process has the newest, so that a session that is written back with
 * older ones is corrected.
 *
 * @param onForeign called if another process has renewed a grant of this one
 */
export function tokensInSession(parts: HoldingParts, onForeign: () => void): Holding {
  const { sessionKey, engine, entries, timeoutMs } = parts
  const share = createSingleFlight<undefined>()
  let writing = 0
  const corrected = new WeakSet()

  /**
   * Changes the stored session. If the session store fails, it is tried again for an hour: with the process, the newest
   * tokens would be lost.
   */
  async function store(address: SessionAddress, change: ChangeData): Promise<undefined> {
    writing += 1
    if (await isStored(address, change)) writing -= 1
    else void storeLater(address, change).finally(() => (writing -= 1))
  }

  async function storeLater(address: SessionAddress, change: ChangeData): Promise<void> {
    const until = systemClock.monotonic() + STORED_LATER_MS
    while (systemClock.monotonic() < until) {
      await wait(systemClock, STORE_PAUSE_MS, { background: true })
      if (await isStored(address, change)) return
    }
  }

  function isStored(address: SessionAddress, change: ChangeData): Promise<boolean> {
    return changeStoredData(address, sessionKey, change, { timeoutMs }).then(
      () => true,
      () => false,
    )
  }

  /** What must be written in place of the data of a session that is about to be stored. */
  function correct(data: StrategyData): StrategyData | undefined {
    const entry = entryOf(data)
    const record = entry === undefined ? undefined : engine.peek(entry.id)
    if (entry === undefined || record?.strategy !== entry.owner) return undefined
    const isOver = hasEnded(record) || !mayUse(data, record.of)
    if (isOver) return withoutGrant(data, entry.id, !entry.connected)
    if (!isOlderThan(entry, record.lines)) return undefined
    return withNewerEntry(data, entries.make(entry.id, record.lines, entry.connected ?? false))
  }

  return {
    async find(request) {
      const session = requireSession(request)
      const { sessionStore } = request
      if (sessionStore !== undefined && !corrected.has(sessionStore)) {
        corrected.add(sessionStore)
        guardOf(sessionStore)?.correctWith(sessionKey, correct)
      }
      const data = readStrategyData(session, sessionKey)
      if (isInStore(data)) {
        throw new StorageError('Reading a grant', undefined, NOT_HERE)
      }
      const held = heldGrant(data, parts)
      if (typeof held === 'string') return held
      const { isForeign } = await engine.adopt(held.id, held)
      if (isForeign) onForeign()
      return { id: held.id }
    },

    hold(data, id, { lines, of: { connected = false, holder } }) {
      return lines.length === 0 ? data : withEntry(data, entries.make(id, lines, connected), holder)
    },

    async update(request, id, line) {
      const { session } = request
      // The application has destroyed it meanwhile, and does not wait for the token.
      if (!session) return
      const data = readStrategyData(session, sessionKey)
      const entry = entryOf(data)
      if (entry?.id !== id) return
      const lines = linesWith(line, engine.peek(id))
      if (!isOlderThan(entry, lines)) return
      const made = entries.make(id, lines, entry.connected ?? false)
      const change: ChangeData = (one) => withNewerEntry(one, made)
      showStrategyData(session, sessionKey, change(data) ?? data)
      const { sessionID, sessionStore } = request
      await share(`${id}:${versionsOf(lines)}`, () => store({ sessionID, sessionStore }, change))
    },

    busy: () => writing,
  }
}

/**
 * Only the grant's id is in the session. Tokens that a session still holds move into the store.
 *
 * @param owners finds out whose they are, and lists a grant that has moved, as a login does
 */
export function idInSession(parts: HoldingParts, { ownerOf, list }: AdoptedOwners): Holding {
  const { sessionKey, engine, timeoutMs, lifetimeMs } = parts

  return {
    async find(request) {
      const session = requireSession(request)
      const data = readStrategyData(session, sessionKey)
      const { grant } = data
      if (typeof grant === 'string') return { id: grant }
      const held = heldGrant(data, parts)
      if (typeof held === 'string') return held
      const { id } = held
      const { connected, holder } = held.of
      const idTokens = held.lines.map(({ tokens }) => tokens.idToken)
      const owner = ownerOf(
        request,
        idTokens.find((one) => one !== undefined),
      )
      await engine.adopt(id, { ...held, of: { ...owner.of, connected, holder } })
      await list(id, owner, lifetimeMs)
      const moved = (one: StrategyData): StrategyData | undefined =>
        entryOf(one)?.id === id
          ? withGrantId(one, id, connected ?? false, holderIn(one))
          : undefined
      showStrategyData(session, sessionKey, moved(data) ?? data)
      await tryToChangeStoredData(request, sessionKey, moved, timeoutMs)
      return { id }
    },

    hold: (data, id, { of }) => withGrantId(data, id, of.connected ?? false, of.holder),

    async update() {
      // A refresh never writes a session.
    },

    busy: () => 0,
  }
}

/** The tokens in these data of a session, or the reason why there are none. */
function heldGrant(
  data: StrategyData,
  { strategy, entries, lifetimeMs }: HoldingParts,
): (HeldGrant & { readonly id: string }) | LoginRequiredReason {
  const entry = entryOf(data)
  if (entry === undefined) return grantIdOf(data) === undefined ? 'no_tokens' : 'unreadable'
  const opened = entries.open(entry)
  if (typeof opened === 'string') return opened
  const { id, connected } = entry
  const of = { connected, holder: holderIn(data), names: [] }
  return { lines: opened, id, strategy, lifetimeMs, of }
}

/** The lines of a grant, with one that was used a moment ago: the store may not have that yet. */
function linesWith(line: Line, record: GrantRecord | undefined): readonly Line[] {
  if (record === undefined || lineOf(record, line.id) === undefined) return [line]
  return record.lines.map((one) => (one.id === line.id && isNewer(line, one) ? line : one))
}

/** Tells two contents of a session apart. */
function versionsOf(lines: readonly Line[]): string {
  return lines.map(({ number, generation }) => `${number}.${generation}`).join()
}
