import type { PendingLoginStore } from '../options/pending-login-store.js'
import { shortHash } from './shown-values.js'
import type { Diagnostics } from './watch.js'

/** The same store with its use as events. By the `state`, a login and its callback become one flow. */
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
    if (state !== '') observation.tell(() => ({ type: 'state', state: shortHash(state) }))
    const startedAt = performance.now()
    const tell = (result: string): void => {
      const durationMs = performance.now() - startedAt
      observation.tell(() => ({ type: 'store', action, result, durationMs }))
    }
    try {
      const value = await work()
      tell(resultOf(value))
      return value
    } catch (error) {
      tell('failed')
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
