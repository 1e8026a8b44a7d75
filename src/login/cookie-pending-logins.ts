import { readCookies, setCookie } from '../lib/cookies.js'
import type { NewCookie } from '../lib/cookies.js'
import type { LoginRequest } from '../lib/login-request.js'
import { createSeal } from '../lib/sealing.js'
import { shortDigest } from '../lib/short-digest.js'
import { readTable } from '../options/option-table.js'
import type { OptionsOf, OptionTable } from '../options/option-table.js'
import type { PendingLogin, PendingLoginStore, TakenLogin } from '../options/pending-login-store.js'
import { positive, secretsThat } from '../options/readers.js'
import { requireResponse } from '../session/request-session.js'
import { worthKeepingFirst } from './worth-keeping.js'
import type { Attempt } from './worth-keeping.js'

export const COOKIE_PENDING_LOGINS_OPTIONS = {
  /** Seals the cookies: at least 32 characters, or a list. The first seals, all of them open. */
  secret: { read: secretsThat('seals the cookies'), required: true },

  /** How long a started login may take, in **milliseconds**. @default 600_000 (10 minutes) */
  lifetimeMs: { read: positive, default: 600_000 },
} as const satisfies OptionTable

/** The options of {@link cookiePendingLogins}. */
export type CookiePendingLoginsOptions = OptionsOf<typeof COOKIE_PENDING_LOGINS_OPTIONS>

/** How many login attempts a browser keeps, finished ones included: see {@link worthKeepingFirst}. */
const MAXIMUM_ENTRIES = 8

/**
 * The size limit of one cookie, and of all together, in **characters**. Browsers drop a cookie of more than 4096,
 * and servers refuse requests with more than 8 KiB of cookies, including the application's own.
 */
const MAXIMUM_LENGTH = 3_500

const MAXIMUM_TOTAL_LENGTH = 6_000

/** With `__Host-`, only this host can set the cookie, over HTTPS (or on localhost), for all its paths. */
const PREFIX = '__Host-login.'

/**
 * In the name of a login that another site has started. A strategy with another secret, which cannot open the cookie,
 * sees it as well.
 */
const UNASKED = '.unasked.'

/**
 * `SameSite=None`, because a `form_post` response is a POST from another site. The cookie is sealed, and of no use
 * without the `state`, which only the provider sends back.
 */
const ATTRIBUTES = { secure: true, httpOnly: true, sameSite: 'None' } as const

/** What remains of a finished login, to distinguish a repeated callback from a forged one. */
interface UsedLogin {
  readonly usedAt: number
  readonly returnTo?: string | undefined
}

/**
 * Keeps each pending login in a sealed cookie of its own, instead of in the session. Nothing is stored for visitors
 * who never finish, logins that start at the same time do not overwrite each other, and `form_post` responses work
 * with a session cookie that is SameSite=Lax. At most 8 logins, or 6,000 characters, are kept per browser; those that
 * another site has started are dropped first.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, cookiePendingLogins } from 'passport-authorization-code'
 *
 * new AuthorizationCodeStrategy({
 *   ...options,
 *   pendingLogins: cookiePendingLogins({ secret: process.env['COOKIE_SECRET'] ?? '' }),
 * })
 * ```
 *
 * @throws {ConfigurationError} if the secret is too short, or an option is unknown or cannot be used
 */
export function cookiePendingLogins(options: CookiePendingLoginsOptions): PendingLoginStore {
  const { secret, lifetimeMs } = readTable(
    COOKIE_PENDING_LOGINS_OPTIONS,
    options,
    'cookiePendingLogins({ secret: process.env.COOKIE_SECRET })',
  )
  const seal = createSeal(secret, 'pending logins')

  /** If the cookie would be too long, `returnTo` is left out, and the login ends at the default page. */
  const sealEntry = (
    name: string,
    entry: PendingLogin | UsedLogin,
    maximumLength = MAXIMUM_LENGTH,
  ): string => {
    const value = seal.seal(entry, name)
    return name.length + value.length <= maximumLength
      ? value
      : seal.seal({ ...entry, returnTo: undefined }, name)
  }
  /** Another strategy's cookie, which does not open here, may be a pending login of its own. */
  const kindOf = ([name, value]: readonly [string, string]): Attempt => {
    const entry = (seal.open(value, name) ?? {}) as Partial<PendingLogin & UsedLogin>
    if (entry.usedAt !== undefined) return 'over'
    return name.includes(UNASKED) ? 'unasked' : 'pending'
  }
  /** Another site may choose a long `returnTo`: it must not push out logins that the person has started. */
  const maximumLengthOf = (
    { fromOtherSite }: PendingLogin,
    others: readonly (readonly [string, string])[],
  ): number => {
    if (fromOtherSite !== true) return MAXIMUM_LENGTH
    const own = others.filter((other) => kindOf(other) === 'pending').flat()
    return Math.min(MAXIMUM_LENGTH, MAXIMUM_TOTAL_LENGTH - own.join('').length)
  }
  const write = (request: LoginRequest, name: string, value: string): void => {
    const maxAgeSeconds = Math.ceil(lifetimeMs / 1000)
    setCookie(requireResponse(request), { name, value, ...ATTRIBUTES, maxAgeSeconds })
  }

  return {
    lifetimeMs,

    put(request, state, login) {
      // What is thrown in here rejects the promise.
      return new Promise((resolve) => {
        const name = nameOf(state, login)
        const others = worthKeepingFirst(readPending(request), kindOf)
        const value = sealEntry(name, login, maximumLengthOf(login, others))
        let room = MAXIMUM_TOTAL_LENGTH - name.length - value.length
        for (const [index, [older, content]] of others.entries()) {
          room -= older.length + content.length
          if (index < MAXIMUM_ENTRIES - 1 && room >= 0) continue
          setCookie(requireResponse(request), deletionOf(older))
        }
        write(request, name, value)
        resolve()
      })
    },

    async take(request, state, claim): Promise<TakenLogin> {
      const id = cookieIdOf(state)
      const [name, value] = readPending(request).find(([key]) => key.endsWith(id)) ?? []
      if (name === undefined || value === undefined) return { status: 'unknown' }
      const entry = seal.open(value, name) as PendingLogin | UsedLogin | undefined
      if (entry === undefined) return { status: 'unknown' }
      if ('usedAt' in entry) return { status: 'used', returnTo: entry.returnTo }
      if (entry.createdAt <= Date.now() - lifetimeMs) {
        return { status: 'expired', returnTo: entry.returnTo }
      }
      // The browser may send the same cookies twice at once, and a thief at any time.
      const { returnTo } = entry
      if (!(await claim(returnTo))) return { status: 'used', returnTo, login: entry }
      const used = { usedAt: Date.now(), returnTo }
      write(request, name, sealEntry(name, used))
      return { status: 'pending', login: entry }
    },
  }
}

/** Deletes a cookie. */
function deletionOf(name: string): NewCookie {
  return { name, value: '', ...ATTRIBUTES, maxAgeSeconds: 0 }
}

/** Names sort by age. */
function nameOf(state: string, { createdAt, fromOtherSite }: PendingLogin): string {
  const mark = fromOtherSite === true ? UNASKED : '.'
  return `${PREFIX}${createdAt.toString(36)}${mark}${cookieIdOf(state)}`
}

/** Identifies a login attempt: a hash of its `state`. */
function cookieIdOf(state: string): string {
  return shortDigest(state)
}

/** The cookies of pending logins that came with the request, the oldest first. */
function readPending(request: LoginRequest): readonly (readonly [string, string])[] {
  return [...readCookies(request, PREFIX)].sort(([a], [b]) => (a < b ? -1 : 1))
}
