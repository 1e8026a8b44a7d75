import { hash } from 'node:crypto'
import type { LoginSession } from '../lib/login-request.js'
import { explainLostLogin } from './lost-login.js'
import type { PendingLogin, PendingLoginStore, TakenLogin } from '../options/pending-login-store.js'
import { readPart, requireSession, saveSession, writePart } from '../session/session-part.js'

/** As many login attempts a session remembers, finished ones included; the oldest goes first. */
const MAXIMUM_ENTRIES = 8

/** Tells login attempts apart: a hash of the `state`, 132 bits of it. */
interface Identified {
  readonly id: string
}

/** What stays of a login that was taken out, so that a repeated callback can be told from a forged one. */
interface UsedLogin {
  readonly used: true
  readonly returnTo?: string
}

/**
 * The oldest first. In a list, and not in an object with a member for each `state`: every such object would be
 * of a kind of its own to the engine, which costs more than to look through a few.
 */
type Entries = readonly (Identified & (PendingLogin | UsedLogin))[]

/**
 * Keeps pending logins in the session, each found by its own `state`, so that several tabs can log in at
 * once and finish in any order.
 *
 * Two requests of one session that start a login in the same instant overwrite each other, as all
 * changes to a session do: the later one stays.
 */
export function sessionPendingLogins(settings: {
  readonly sessionKey: string
  readonly pendingLoginLifetimeMs: number
}): PendingLoginStore {
  const { sessionKey, pendingLoginLifetimeMs } = settings

  return {
    lifetimeMs: pendingLoginLifetimeMs,

    async put(request, state, login) {
      const session = requireSession(request)
      write(session, sessionKey, [...read(session, sessionKey), { id: idOf(state), ...login }])
      await saveSession(session)
    },

    async take(request, state, claim) {
      const session = requireSession(request)
      const id = idOf(state)
      const taken = look(read(session, sessionKey), id, Date.now() - pendingLoginLifetimeMs)
      if (taken.status === 'unknown') return { ...taken, reason: explainLostLogin(request) }
      if (taken.status !== 'pending') return taken
      const { returnTo } = taken.login
      if (!(await claim())) return { status: 'used', returnTo }
      const used = { id, used: true, ...(returnTo !== undefined && { returnTo }) } as const
      write(session, sessionKey, merged(read(session, sessionKey), [used]))
      return taken
    },
  }
}

/**
 * Carries the pending logins of all strategies over to a newer session, so that the tabs that have not
 * finished yet still can. What `to` has of its own stays.
 */
export function carryPendingLogins(from: LoginSession, to: LoginSession): void {
  for (const key of Object.keys(from)) {
    const entries = read(from, key)
    if (entries.length > 0) write(to, key, merged(read(to, key), entries))
  }
}

function idOf(state: string): string {
  return hash('sha256', state, 'base64url').slice(0, 22)
}

function look(entries: Entries, id: string, bornAfter: number): TakenLogin {
  const entry = entries.find((one) => one.id === id)
  if (entry === undefined) return { status: 'unknown' }
  if ('used' in entry) return { status: 'used', returnTo: entry.returnTo }
  return entry.createdAt > bornAfter ? { status: 'pending', login: entry } : { status: 'expired' }
}

/** All of both; of the same login, what `newer` has. */
function merged(older: Entries, newer: Entries): Entries {
  return [...older.filter(({ id }) => !newer.some((one) => one.id === id)), ...newer]
}

function read(session: LoginSession, sessionKey: string): Entries {
  const { pendingLogins } = readPart(session, sessionKey)
  return Array.isArray(pendingLogins) ? pendingLogins.filter(isEntry) : []
}

/** Whether an entry is one that {@link write} may have written. A session can hold anything. */
function isEntry(value: unknown): value is Entries[number] {
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
    isAbsentOr('object', login['idToken']) &&
    login['idToken'] !== null
  )
}

function isAbsentOr(type: 'string' | 'object', value: unknown): boolean {
  return value === undefined || typeof value === type
}

function write(session: LoginSession, sessionKey: string, entries: Entries): void {
  const pendingLogins = entries.slice(-MAXIMUM_ENTRIES)
  writePart(session, sessionKey, { ...readPart(session, sessionKey), pendingLogins })
}
