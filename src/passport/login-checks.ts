import { ConfigurationError, LoginRequiredError } from '../errors/errors.js'
import type { LoginCheck } from '../grants/login-check.js'
import type { LoginRequest } from '../lib/login-request.js'
import { isAuthenticated } from '../login/connection.js'
import { requireSession } from '../session/request-session.js'
import type { LoginStrategy } from './login-strategy.js'

/**
 * The checks of the strategies that the application has, by their place in a session. They are held weakly: an application
 * may create and drop a strategy for each of its tenants.
 *
 * They are in this module because `requireLogin()` is given no strategy, and an application need not register a strategy
 * with Passport by its name.
 */
const present = new Map<string, Set<WeakRef<LoginCheck>>>()

const dropped = new FinalizationRegistry<{ key: string; held: WeakRef<LoginCheck> }>(
  ({ key, held }) => {
    const checks = present.get(key)
    checks?.delete(held)
    if (checks?.size === 0) present.delete(key)
  },
)

const checkOf = new WeakMap<object, LoginCheck>()

/** Adds the check of a strategy, for as long as the application has the strategy. */
export function addLoginCheck(strategy: object, check: LoginCheck): void {
  checkOf.set(strategy, check)
  const { sessionKey: key } = check
  const held = new WeakRef(check)
  const checks = present.get(key) ?? new Set()
  present.set(key, checks.add(held))
  dropped.register(check, { key, held })
}

/** Where a strategy has its data in a session; `undefined` if this copy of the package has not made it. */
export function sessionKeyOf(strategy: object): string | undefined {
  return checkOf.get(strategy)?.sessionKey
}

/**
 * Whether Passport knows the person, and no grant by which they are logged in has ended.
 *
 * @param asked the strategy that is asked for a token next
 * @param caller the function that wants to know, for the message
 * @throws {ConfigurationError} if there is no session, or Passport's middleware has not run
 */
export async function isLoggedIn(
  request: LoginRequest,
  asked: object | undefined,
  caller = 'requireLogin',
): Promise<boolean> {
  requireSession(request)
  const authenticated = isAuthenticated(request)
  if (authenticated === undefined) {
    throw new ConfigurationError(`${caller} needs app.use(passport.session()) before it.`)
  }
  return authenticated && !(await hasLoginEnded(request, asked))
}

/** Whether the person has logged in by this strategy. @throws {StorageError} if the store of the grants cannot be reached */
export async function isLoggedInBy(
  strategy: LoginStrategy,
  request: LoginRequest,
): Promise<boolean> {
  try {
    await strategy.checkLogin(request, {})
    return true
  } catch (error) {
    if (error instanceof LoginRequiredError) return false
    throw error
  }
}

/**
 * Whether a login that the request's session holds has ended. It looks only where strategies of this application have their
 * data: the other fields are the application's own, whatever is in them. If a store fails, the login goes on.
 *
 * @param asked a strategy that is asked for a token next, which tells whether its login has ended
 */
export async function hasLoginEnded(request: LoginRequest, asked?: object): Promise<boolean> {
  const except = asked && checkOf.get(asked)
  const { session } = request
  if (!session) return false
  // Where the strategy that is asked has its data, it knows best: others there have other stores.
  const keys = Object.keys(session).filter((key) => present.has(key) && key !== except?.sessionKey)
  const ends = await Promise.all(keys.map((key) => hasEndedUnder(key, request)))
  return ends.includes(true)
}

async function hasEndedUnder(key: string, request: LoginRequest): Promise<boolean> {
  const missing: LoginCheck[] = []
  let isUnknown = false
  // Two strategies of one name can have different stores of grants, of which only one has the record. The newest is most
  // likely in use, and if it has the record, the others are not asked.
  for (const held of [...(present.get(key) ?? [])].toReversed()) {
    const check = held.deref()
    if (check === undefined) continue
    const state = await check.stateOf(request)
    if (state === 'alive') return false
    if (state === 'ended') {
      await check.noteEnd(request)
      return true
    }
    if (state === 'missing') missing.push(check)
    isUnknown ||= state === 'unknown'
  }
  if (isUnknown || missing.length === 0) return false
  for (const check of missing) await check.noteEnd(request)
  return true
}
