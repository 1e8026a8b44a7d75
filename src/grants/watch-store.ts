import type { GrantStore } from '../options/grant-store.js'

/** Receives the name of the method that has failed, such as `get`. */
export type StoreFailureListener = (method: keyof GrantStore) => void

/** Wraps a store, so that a listener can be told of each call that fails. */
export function watchStore(store: GrantStore): {
  readonly watched: GrantStore
  /** Sets the listener, in place of any earlier one. */
  readonly onFailure: (listener: StoreFailureListener) => void
} {
  let tell: StoreFailureListener | undefined

  async function watch<Value>(
    method: keyof GrantStore,
    call: () => Promise<Value>,
  ): Promise<Value> {
    try {
      return await call()
    } catch (error) {
      tell?.(method)
      throw error
    }
  }

  return {
    onFailure(listener) {
      tell = listener
    },
    watched: {
      get: (id) => watch('get', () => store.get(id)),
      compareAndSet: (...given) => watch('compareAndSet', () => store.compareAndSet(...given)),
      link: (...given) => watch('link', () => store.link(...given)),
      linked: (...given) => watch('linked', () => store.linked(...given)),
      unlink: (...given) => watch('unlink', () => store.unlink(...given)),
    },
  }
}
