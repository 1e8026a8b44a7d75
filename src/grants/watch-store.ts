import type { GrantStore } from '../options/grant-store.js'

/** Receives the name of the method that has failed, such as `get`. */
export type StoreFailureListener = (method: keyof GrantStore) => void

/** Receives, after each call of a store, the name of the method and whether it has failed. */
export type StoreCallListener = (method: keyof GrantStore, hasFailed: boolean) => void

/** The same store. `listener` is called after each call of it. */
export function watchStore(store: GrantStore, listener: StoreCallListener): GrantStore {
  async function watch<Value>(
    method: keyof GrantStore,
    call: () => Promise<Value>,
  ): Promise<Value> {
    let hasFailed = true
    try {
      const value = await call()
      hasFailed = false
      return value
    } finally {
      listener(method, hasFailed)
    }
  }

  return {
    get: (id) => watch('get', () => store.get(id)),
    compareAndSet: (...given) => watch('compareAndSet', () => store.compareAndSet(...given)),
    link: (...given) => watch('link', () => store.link(...given)),
    linked: (...given) => watch('linked', () => store.linked(...given)),
    unlink: (...given) => watch('unlink', () => store.unlink(...given)),
  }
}
