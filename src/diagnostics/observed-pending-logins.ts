import { readCookies } from '../lib/cookies.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { PendingLoginStore } from '../options/pending-login-store.js'
import type { Conclusion } from './events.js'
import { shortHash } from './shown-values.js'
import type { Diagnostics } from './watch.js'

/** How many names of cookies an event has, and how long they are. */
const MAXIMUM_NAMES = 3
const MAXIMUM_LENGTH = 60

/**
 * Wraps a store of pending logins, so that observers receive each `put` and `take`. Before each, they receive a
 * hash of the `state`, by which the flow inspector finds the login that a callback belongs to. A callback with two cookies
 * of one name is reported.
 */
export function observedPendingLogins(
  store: PendingLoginStore,
  diagnostics: Diagnostics,
): PendingLoginStore {
  const { observation } = diagnostics

  async function observed<Value>(
    action: 'put' | 'take',
    state: string,
    work: () => Promise<Value>,
    resultOf: (value: Value) => string,
  ): Promise<Value> {
    if (state !== '') observation.emit(() => ({ type: 'state', state: shortHash(state) }))
    const startedAt = performance.now()
    const emitResult = (result: string): void => {
      const durationMs = performance.now() - startedAt
      observation.emit(() => ({ type: 'store', action, result, durationMs }))
    }
    try {
      const value = await work()
      emitResult(resultOf(value))
      return value
    } catch (error) {
      emitResult('failed')
      throw error
    }
  }

  const put = store.put.bind(store)
  const take = diagnostics.reportAfter(
    'duplicate_cookies',
    store.take.bind(store),
    (_taken, request) => duplicatesIn(request),
  )

  return {
    ...(store.noteFailure !== undefined && { noteFailure: store.noteFailure.bind(store) }),
    lifetimeMs: store.lifetimeMs,
    put: diagnostics.observe(put, (request, state, login) =>
      observed(
        'put',
        state,
        () => put(request, state, login),
        () => 'kept',
      ),
    ),
    take: diagnostics.observe(take, (request, state, claim) =>
      observed(
        'take',
        state,
        () => take(request, state, claim),
        ({ status }) => status,
      ),
    ),
  }
}

/** The session is found by a cookie, and so are pending logins in cookies: whichever has a double is reported. */
function duplicatesIn(request: LoginRequest): Conclusion | undefined {
  const { duplicates } = readCookies(request, '')
  if (duplicates.length === 0) return undefined
  const cookies = duplicates.slice(0, MAXIMUM_NAMES).map((name) => name.slice(0, MAXIMUM_LENGTH))
  return { outcome: 'failed', cookies }
}
