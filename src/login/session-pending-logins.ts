import type { LoginSession } from '../lib/login-request.js'
import type { Seal } from '../lib/sealing.js'
import { shortDigest } from '../lib/short-digest.js'
import { explainLostLogin } from './lost-login.js'
import type { PendingLogin, PendingLoginStore, TakenLogin } from '../options/pending-login-store.js'
import {
  readStrategyData,
  requireSession,
  showStrategyData,
  writeStrategyData,
} from '../session/request-session.js'
import type { StrategyData } from '../session/request-session.js'
import { DEFAULT_KEY_PREFIX } from '../session/strategy-data.js'
import { saveSession, tryToChangeStoredData } from '../session/stored-session.js'
import { worthKeepingFirst } from './worth-keeping.js'

/** How many login attempts a session keeps, of all strategies and finished ones included: see {@link worthKeepingFirst}. */
const MAXIMUM_ATTEMPTS = 8

/** How long a failed login waits for the store, in **milliseconds**. */
const NOTE_TIMEOUT_MS = 2_000

/** Identifies a login attempt: 132 bits of a hash of its `state`. */
interface Identified {
  readonly id: string
}

/** What remains of a login that was taken out, to distinguish a repeated callback from a forged one. */
interface UsedLogin {
  readonly used: true
  readonly returnTo?: string
}

/**
 * The oldest first. A list, because V8 would make a hidden class for every object with a member for each `state`,
 * which costs more than searching a few attempts.
 */
type Attempts = readonly (Identified & (StoredLogin | UsedLogin))[]

/** A pending login as a session has it. */
interface StoredLogin extends PendingLogin {
  /** Instead of `appState`, if the tokens are sealed. */
  readonly sealedAppState?: string
}

/**
 * Keeps pending logins in the session, each under its own `state`, so that several tabs can log in at once and
 * finish in any order.
 *
 * If two requests of one session start a login at the same time, the later one overwrites the other, as with
 * every change of a session.
 */
export function sessionPendingLogins(settings: {
  readonly sessionKey: string
  readonly pendingLoginLifetimeMs: number
  /** Whether the session remembers used logins too. Otherwise, only what `claim` has written does. */
  readonly remembersUsed: boolean
  /** Seals the code verifiers and the application's data, if the tokens are sealed too. */
  readonly seal?: Seal | undefined
}): PendingLoginStore {
  const { sessionKey, pendingLoginLifetimeMs, remembersUsed, seal } = settings

  /** The login as the session has it. */
  function sealed(id: string, login: PendingLogin): StoredLogin {
    if (seal === undefined) return login
    const { appState, ...open } = login
    const { codeVerifier } = open
    return {
      ...open,
      ...(codeVerifier !== undefined && { codeVerifier: seal.seal(codeVerifier, id) }),
      ...(appState !== undefined && { sealedAppState: seal.seal({ appState }, id) }),
    }
  }

  /** The login as it was put; `undefined` if its code verifier or the application's data do not open. */
  function opened(id: string, stored: StoredLogin): PendingLogin | undefined {
    const { sealedAppState, ...login } = stored
    const state = sealedAppState === undefined ? {} : seal?.open(sealedAppState, id)
    if (typeof state !== 'object') return undefined
    const { codeVerifier } = login
    // A login that was started before there was a secret has it in clear: Base64url, without a dot.
    if (codeVerifier?.includes('.') !== true) return { ...login, ...state }
    const opened = seal?.open(codeVerifier, id)
    return typeof opened === 'string' ? { ...login, ...state, codeVerifier: opened } : undefined
  }

  /** What the session has after a login was taken. */
  function withoutTaken(data: StrategyData, id: string, returnTo?: string): StrategyData {
    const attempts = attemptsIn(data)
    const others = attempts.filter((one) => one.id !== id)
    if (!remembersUsed || others.length === attempts.length) return withAttempts(data, others)
    const used = { id, used: true, ...(returnTo !== undefined && { returnTo }) } as const
    return withAttempts(data, [...others, used])
  }

  return {
    lifetimeMs: pendingLoginLifetimeMs,

    async put(request, state, login) {
      const session = requireSession(request)
      const id = attemptIdOf(state)
      const bornAfter = login.createdAt - pendingLoginLifetimeMs
      const known = attemptsIn(readStrategyData(session, sessionKey))
      const others = mostWorth(known, MAXIMUM_ATTEMPTS - 1, bornAfter)
      write(session, sessionKey, [...others, { id, ...sealed(id, login) }])
      makeRoom(session, sessionKey, bornAfter)
      await saveSession(session)
    },

    async take(request, state, claim) {
      const session = requireSession(request)
      const id = attemptIdOf(state)
      const known = attemptsIn(readStrategyData(session, sessionKey))
      const taken = look(known, id, Date.now() - pendingLoginLifetimeMs)
      if (taken.status === 'unknown') return { ...taken, reason: explainLostLogin(request) }
      if (taken.status !== 'pending') return taken
      const login = opened(id, taken.login)
      if (login === undefined) return { status: 'unknown' }
      const { returnTo } = login
      if (!(await claim(returnTo))) return { status: 'used', returnTo, login }
      // The session object stays as it is. Otherwise express-session would write all of it when the login has failed, and
      // bring back the session if the person has logged out meanwhile. A login that succeeds has a session of its own.
      const data = readStrategyData(session, sessionKey)
      showStrategyData(session, sessionKey, withoutTaken(data, id, returnTo))
      return { status: 'pending', login }
    },

    async noteFailure(request, state) {
      const id = attemptIdOf(state)
      await tryToChangeStoredData(
        request,
        sessionKey,
        (data) => withoutTaken(data, id),
        NOTE_TIMEOUT_MS,
      )
    },
  }
}

/**
 * Copies the pending logins of all strategies to a newer session, so that other tabs can still finish. Pending
 * logins that `to` already has are kept.
 *
 * Fields of the application are not looked at, whatever they contain: a visitor may have sent it. Only the key of this
 * strategy counts, and keys of the form that is the default of `sessionKey`. A login that is pending for another strategy
 * with a `sessionKey` of another form has to be started again.
 *
 * @param sessionKey the key of the strategy that somebody has logged in with
 */
export function carryPendingLogins(from: LoginSession, to: LoginSession, sessionKey: string): void {
  for (const key of Object.keys(from)) {
    if (key !== sessionKey && !key.startsWith(DEFAULT_KEY_PREFIX)) continue
    const attempts = attemptsIn(readStrategyData(from, key))
    if (attempts.length === 0) continue
    write(to, key, merged(attemptsIn(readStrategyData(to, key)), attempts))
  }
}

/** A login that is pending in a session, whichever strategy has started it. */
export interface FoundPendingLogin {
  /** The key of the strategy. */
  readonly sessionKey: string
  /** The `redirect_uri` that was sent. */
  readonly redirectUri: string
}

/**
 * Finds a pending login by its `state` alone, where several strategies have one callback URL. It stays where it is.
 *
 * @param prefix what the keys of these strategies begin with
 */
export function findPendingLogin(
  session: LoginSession,
  prefix: string,
  state: string,
): FoundPendingLogin | undefined {
  const id = attemptIdOf(state)
  for (const sessionKey of Object.keys(session).filter((key) => key.startsWith(prefix))) {
    const attempts = attemptsIn(readStrategyData(session, sessionKey))
    const found = attempts.find((one) => one.id === id)
    if (found !== undefined && !('used' in found)) {
      return { sessionKey, redirectUri: found.redirectUri }
    }
  }
  return undefined
}

function attemptIdOf(state: string): string {
  return shortDigest(state)
}

function look(attempts: Attempts, id: string, bornAfter: number): TakenLogin {
  const attempt = attempts.find((one) => one.id === id)
  if (attempt === undefined) return { status: 'unknown' }
  if ('used' in attempt) return { status: 'used', returnTo: attempt.returnTo }
  return attempt.createdAt > bornAfter
    ? { status: 'pending', login: attempt }
    : { status: 'expired', returnTo: attempt.returnTo }
}

/** The attempts of both lists; an attempt that is in both is taken from `newer`. */
function merged(older: Attempts, newer: Attempts): Attempts {
  return [...older.filter(({ id }) => !newer.some((one) => one.id === id)), ...newer]
}

/**
 * Removes what is too much in the session, whichever strategy has started it: an application may have one for each tenant, or for
 * each server that people connect.
 *
 * @param sessionKey the key of the strategy that has just started a login
 * @param bornAfter older ones have expired
 */
function makeRoom(session: LoginSession, sessionKey: string, bornAfter: number): void {
  const keys = Object.keys(session).filter(
    (key) => key === sessionKey || key.startsWith(DEFAULT_KEY_PREFIX),
  )
  const all = keys.flatMap((key) => attemptsIn(readStrategyData(session, key)))
  if (all.length <= MAXIMUM_ATTEMPTS) return
  const born = (one: Attempts[number]): number => ('used' in one ? 0 : one.createdAt)
  const oldestFirst = all.toSorted((one, other) => born(one) - born(other))
  const kept = mostWorth(oldestFirst, MAXIMUM_ATTEMPTS, bornAfter)
  for (const key of keys) {
    const attempts = attemptsIn(readStrategyData(session, key))
    const left = attempts.filter((one) => kept.some(({ id }) => id === one.id))
    if (left.length < attempts.length) write(session, key, left)
  }
}

/** Those that are worth keeping, the oldest first. @param bornAfter older ones have expired */
function mostWorth(attempts: Attempts, maximum: number, bornAfter = -Infinity): Attempts {
  if (attempts.length <= maximum) return attempts
  const kept = worthKeepingFirst(attempts, (attempt) => {
    if ('used' in attempt || attempt.createdAt <= bornAfter) return 'over'
    return attempt.fromOtherSite === true ? 'unasked' : 'pending'
  }).slice(0, maximum)
  return attempts.filter((attempt) => kept.includes(attempt))
}

function attemptsIn({ pendingLogins }: StrategyData): Attempts {
  return Array.isArray(pendingLogins) ? pendingLogins.filter(isAttempt) : []
}

/** Whether {@link write} may have written this. A session can hold anything. */
function isAttempt(value: unknown): value is Attempts[number] {
  if (typeof value !== 'object' || value === null) return false
  const { id, used, returnTo, ...login } = value as Readonly<Record<string, unknown>>
  const isKnown = typeof id === 'string' && (used === true || isPendingLogin(login))
  return isKnown && isAbsentOr('string', returnTo)
}

function isPendingLogin(login: Readonly<Record<string, unknown>>): boolean {
  return (
    typeof login['strategy'] === 'string' &&
    typeof login['redirectUri'] === 'string' &&
    typeof login['createdAt'] === 'number' &&
    isAbsentOr('string', login['codeVerifier']) &&
    isAbsentOr('string', login['connectTo']) &&
    isAbsentOr('string', login['sealedAppState']) &&
    isAbsentOr('string', login['scope']) &&
    isAbsentOr('string', login['person']) &&
    isAbsentOr('object', login['asked']) &&
    login['asked'] !== null &&
    isAbsentOr('object', login['idToken']) &&
    login['idToken'] !== null
  )
}

function isAbsentOr(type: 'string' | 'object', value: unknown): boolean {
  return value === undefined || typeof value === type
}

function write(session: LoginSession, sessionKey: string, attempts: Attempts): void {
  const data = readStrategyData(session, sessionKey)
  writeStrategyData(session, sessionKey, withAttempts(data, attempts))
}

function withAttempts(data: StrategyData, attempts: Attempts): StrategyData {
  const pendingLogins = mostWorth(attempts, MAXIMUM_ATTEMPTS)
  return { ...data, pendingLogins: pendingLogins.length > 0 ? pendingLogins : undefined }
}
