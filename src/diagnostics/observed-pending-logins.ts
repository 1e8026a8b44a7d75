import type { PendingLoginStore } from '../options/pending-login-store.js'
import { shortHash } from './shown-values.js'
import type { Diagnostics } from './watch.js'

/**
 * Wraps a store of pending logins, so that observers receive each `put` and `take`. Before each, they receive a
 * hash of the `state`, by which the flow inspector finds the login that a callback belongs to.
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
  const take = store.take.bind(store)

  return {
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
