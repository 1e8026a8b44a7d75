import { readCookies, setCookie } from '../lib/cookies.js'
import type { LoginRequest } from '../lib/login-request.js'
import { shortDigest } from '../lib/short-digest.js'

/** With `__Host-`, only this host can set the cookie, over HTTPS (or on localhost). */
const PREFIX = '__Host-silent.'

const ATTRIBUTES = { secure: true, httpOnly: true, sameSite: 'Lax' } as const

/** No attempt until the browser is closed, or the person has logged in. */
const NEVER = 'never'

/**
 * Whether a silent login may be attempted in a browser, and notes what follows from the answer.
 *
 * A cookie says from when on. It lives until the browser is closed, and holds no more than that. A browser that has not sent
 * it back may keep no cookies, and could not come back from the provider: so its first visit only sets the cookie. This also
 * keeps crawlers away from the provider and out of the session store.
 *
 * @param name of the strategy
 * @param retryAfterSeconds how long no further attempt is made
 */
export function mayAttempt(req: LoginRequest, name: string, retryAfterSeconds: number): boolean {
  const cookie = cookieNameOf(name)
  const value = readCookies(req, PREFIX).get(cookie)
  if (value === NEVER) return false
  const from = value === undefined ? undefined : Number(value)
  // What is no time was not written here.
  const isKept = from !== undefined && Number.isSafeInteger(from)
  const now = Date.now()
  if (isKept && from > now && from <= now + retryAfterSeconds * 1000) return false
  write(req, cookie, String(isKept ? now + retryAfterSeconds * 1000 : now))
  return isKept
}

/**
 * Whoever has logged out does not want to be logged in again by the next page: no attempt is made in this browser.
 *
 * @param names of the strategies with which attempts may be made, also if there has been none in this browser yet
 */
export function stopAttempts(req: LoginRequest, names: readonly string[]): void {
  const cookies = [...readCookies(req, PREFIX).keys(), ...names.map(cookieNameOf)]
  for (const cookie of new Set(cookies)) write(req, cookie, NEVER)
}

/** Whoever has logged in may be logged in silently again, when the session has ended. */
export function resumeAttempts(req: LoginRequest, name: string): void {
  const cookie = cookieNameOf(name)
  if (readCookies(req, PREFIX).get(cookie) === NEVER) write(req, cookie, String(Date.now()))
}

function write({ res }: LoginRequest, name: string, value: string): void {
  if (res?.headersSent === false) setCookie(res, { name, value, ...ATTRIBUTES })
}

function cookieNameOf(strategy: string): string {
  return PREFIX + shortDigest(strategy)
}
