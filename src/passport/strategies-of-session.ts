import type { LoginRequest } from '../lib/login-request.js'
import { sessionKeyOf } from './login-checks.js'
import { registeredStrategies } from './registered-strategies.js'
import type { PassportInstance } from './registered-strategies.js'

/**
 * The strategies that functions have chosen for requests, by their place in a session; of several that have the same place, the
 * last one. They are held weakly: an application may create and drop a strategy for each of its tenants.
 *
 * They are in this module because Passport does not know them, and whoever logs out by another strategy has to find them.
 */
const chosen = new Map<string, WeakRef<object>>()

const dropped = new FinalizationRegistry<string>((key) => {
  if (chosen.get(key)?.deref() === undefined) chosen.delete(key)
})

/** Notes that a function has chosen a strategy for a request. */
export function noteStrategyOfRequest(strategy: object): void {
  const key = sessionKeyOf(strategy)
  if (key === undefined || chosen.get(key)?.deref() === strategy) return
  chosen.set(key, new WeakRef(strategy))
  dropped.register(strategy, key)
}

/**
 * The strategies of the application that may have something in the session of a request: those that its Passport knows, and those
 * that were chosen and have their place in this session.
 */
export function strategiesOfSession(
  { session }: LoginRequest,
  instance: PassportInstance,
): readonly unknown[] {
  const keys = session ? Object.keys(session) : []
  return [...registeredStrategies(instance), ...keys.map((key) => chosen.get(key)?.deref())]
}
