import { LoginRequiredError } from '../errors/login-errors.js'
import type { BegunLogin } from '../grants/stored-login.js'
import { hasEndedHere, holdsGrant, withoutGrant } from '../grants/session-entry.js'
import type { DropCovered } from '../grants/drop-covered.js'
import type { UndoLogin } from '../grants/undo-login.js'
import { systemClock } from '../lib/clock.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { readStrategyData, requireSession, writeStrategyData } from '../session/request-session.js'
import type { StrategyData } from '../session/request-session.js'
import { createSessionQueue } from '../session/session-queue.js'
import type { SessionQueue } from '../session/session-queue.js'
import { readStoredData, reloadSession, saveSession } from '../session/stored-session.js'
import { carryPendingLogins } from './session-pending-logins.js'

/** What {@link connectProvider} needs. */
export interface ConnectProviderParts {
  readonly sessionKey: string
  readonly undoLogin: UndoLogin
  readonly dropCovered: DropCovered
  /** Notes what the session holds. The result ends what it holds no more. */
  readonly noteLogins: (session: LoginSession) => (now: LoginSession) => void
  /** Revokes the tokens, which have no owner. */
  readonly discard: () => void
  /** Whether the session keeps what it has of this strategy: the login by which the person is logged in. */
  readonly keepsLogin: (session: LoginSession) => boolean
  /** Stores the tokens as a grant. */
  readonly begin: (session: LoginSession) => Promise<BegunLogin>
  /** Writes the grant into the session. */
  readonly hold: (session: LoginSession, begun: BegunLogin) => void
  /** Whether the grant has ended since it was stored. */
  readonly hasEnded: (id: string) => Promise<boolean>
}

/** How long all that connects providers to one session may take, in **milliseconds**: longer than its parts may. */
const CONNECTING_MS = 60_000

/** How often a connection is written that another process has overwritten. */
const MAXIMUM_WRITES = 3

/** Two providers that are connected to one session at the same time would write over each other. */
const queues = new WeakMap<object, SessionQueue>()

function queueOf(store: object): SessionQueue {
  const known = queues.get(store)
  if (known !== undefined) return known
  const queue = createSessionQueue({ timeoutMs: CONNECTING_MS, clock: systemClock })
  queues.set(store, queue)
  return queue
}

/**
 * Adds the tokens of a provider to the session of a person who is logged in, or to their account alone if they are logged in by
 * the same strategy and grants outlive logins.
 *
 * @throws {LoginRequiredError} if the person has logged out meanwhile, here or at the provider
 * @throws {StorageError} if the session store or the store of grants fails
 */
export async function connectProvider(
  request: LoginRequest,
  parts: ConnectProviderParts,
): Promise<void> {
  const { sessionStore, sessionID = '' } = request
  const work = (): Promise<void> => connect(request, parts)
  if (sessionStore === undefined) await work()
  else await queueOf(sessionStore).run(sessionID, 'Writing the session', work)
}

async function connect(request: LoginRequest, parts: ConnectProviderParts): Promise<void> {
  const session = requireSession(request)
  // The session was read before the provider was asked, and may have changed since.
  const present = await presentSession(request, parts).catch((error: unknown) => {
    parts.discard()
    throw error
  })
  const begun = await parts.begin(present)
  try {
    if (parts.keepsLogin(present)) await leaveSession(request, begun, parts)
    else {
      await write(request, session, present, begun, parts)
      void parts.dropCovered(begun)
    }
  } catch (error) {
    void parts.undoLogin(begun)
    throw error
  }
}

/**
 * Writes the grant into the session. Other processes may write the session at the same time, and the person may log out:
 * so it is read again.
 */
async function write(
  request: LoginRequest,
  session: LoginSession,
  present: LoginSession,
  begun: BegunLogin,
  parts: ConnectProviderParts,
): Promise<void> {
  const { sessionKey, hold, noteLogins } = parts
  for (let written = 1; ; written++) {
    const endReplaced = noteLogins(present)
    carryPendingLogins(session, present, sessionKey)
    hold(present, begun)
    await saveSession(present)
    const stored = await storedNow(request, sessionKey)
    if (stored === undefined) throw new LoginRequiredError('not_logged_in')
    endReplaced(present)
    if (await parts.hasEnded(begun.id)) {
      await leave(present, sessionKey, begun.id)
      throw new LoginRequiredError('grant_ended')
    }
    const isThere = stored === 'unknown' || holdsGrant(stored, begun.id, begun.record.lines)
    if (isThere || written >= MAXIMUM_WRITES) return
    present = await presentSession(request, parts)
  }
}

/**
 * Leaves the session as it is: its own login says when it ends. The tokens are in the person's grant, which is found by their
 * account, and no login uses it yet.
 */
async function leaveSession(
  request: LoginRequest,
  { id }: BegunLogin,
  { sessionKey, undoLogin }: ConnectProviderParts,
): Promise<void> {
  if ((await storedNow(request, sessionKey)) === undefined) {
    throw new LoginRequiredError('not_logged_in')
  }
  await undoLogin({ id })
}

/** Takes the grant out of the session again. */
async function leave(session: LoginSession, sessionKey: string, id: string): Promise<void> {
  const left = withoutGrant(readStrategyData(session, sessionKey), id, false)
  if (left === undefined) return
  writeStrategyData(session, sessionKey, left)
  await saveSession(session)
}

/** The strategy's data in the stored session; `undefined` if the person has logged out. */
async function storedNow(
  request: LoginRequest,
  sessionKey: string,
): Promise<StrategyData | undefined | 'unknown'> {
  try {
    // It has just been written.
    const stored = await readStoredData(request)
    return stored.size === 0 ? undefined : (stored.get(sessionKey) ?? {})
  } catch {
    return 'unknown'
  }
}

/** @throws {LoginRequiredError} if the person has logged out meanwhile, or their login has ended */
async function presentSession(
  request: LoginRequest,
  { sessionKey }: Pick<ConnectProviderParts, 'sessionKey'>,
): Promise<LoginSession> {
  const present = await reloadSession(request)
  // What is written there next would hide that it has ended.
  if (present !== undefined && !hasEndedHere(readStrategyData(present, sessionKey))) return present
  throw new LoginRequiredError('not_logged_in')
}
