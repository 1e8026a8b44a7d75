import { explainLostLogin } from '../lost-login.js'
import { readPart, requireSession, saveSession, writePart } from '../session.js'
import type { LoginSession, PendingLogin, PendingLoginStore, TakenLogin } from '../types.js'

/** As many login attempts a session remembers, finished ones included; the oldest goes first. */
const MAXIMUM_ENTRIES = 8

/** What stays of a login that was taken out, so that a repeated callback can be told from a forged one. */
interface UsedLogin {
  readonly usedAt: number
  readonly returnTo?: string
}

type Entry = PendingLogin | UsedLogin
type Entries = Readonly<Record<string, Entry>>

/**
 * Keeps pending logins in the session, each under its own `state`, so that several tabs can log in at
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
      write(session, sessionKey, newest({ ...read(session, sessionKey), [state]: login }))
      await saveSession(session)
    },

    async take(request, state, claim) {
      const session = requireSession(request)
      const taken = look(read(session, sessionKey), state, Date.now() - pendingLoginLifetimeMs)
      if (taken.found === 'unknown') return { ...taken, reason: explainLostLogin(request) }
      if (taken.found !== 'pending') return taken
      const entry = used(taken.login)
      if (!(await claim())) return { found: 'used', returnTo: entry.returnTo }
      write(session, sessionKey, { ...read(session, sessionKey), [state]: entry })
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
    if (readPart(from, key)['pendingLogins'] === undefined) continue
    write(to, key, newest({ ...read(to, key), ...read(from, key) }))
  }
}

function look(entries: Entries, state: string, bornAfter: number): TakenLogin {
  const entry = Object.hasOwn(entries, state) ? entries[state] : undefined
  if (entry === undefined) return { found: 'unknown' }
  if ('usedAt' in entry) return { found: 'used', returnTo: entry.returnTo }
  return entry.createdAt > bornAfter ? { found: 'pending', login: entry } : { found: 'expired' }
}

function used({ returnTo }: PendingLogin): UsedLogin {
  return { usedAt: Date.now(), ...(returnTo !== undefined && { returnTo }) }
}

function newest(entries: Entries): Entries {
  if (Object.keys(entries).length <= MAXIMUM_ENTRIES) return entries
  const byAge = Object.entries(entries).sort(([, a], [, b]) => timeOf(a) - timeOf(b))
  return Object.fromEntries(byAge.slice(-MAXIMUM_ENTRIES))
}

function timeOf(entry: Entry): number {
  return 'usedAt' in entry ? entry.usedAt : entry.createdAt
}

function read(session: LoginSession, sessionKey: string): Entries {
  return (readPart(session, sessionKey)['pendingLogins'] ?? {}) as Entries
}

function write(session: LoginSession, sessionKey: string, pendingLogins: Entries): void {
  writePart(session, sessionKey, { ...readPart(session, sessionKey), pendingLogins })
}
