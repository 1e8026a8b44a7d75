import type { RedisStore } from 'connect-redis'
import { sealedRecords } from '../../src/grants/record-codec.js'
import { createSeal } from '../../src/lib/sealing.js'
import type { GrantStore } from '../../src/index.js'

/**
 * Called with an access token once the store has acknowledged a write with it, so that of all others it is known that
 * they died with their process.
 */
export type OnKept = (accessToken: string) => void

/** Grants, of which each write that the store has acknowledged is reported. */
export function watchedGrants(store: GrantStore, secret: string, onKept: OnKept): GrantStore {
  const codec = sealedRecords(createSeal(secret, 'grants'))
  return {
    ...bound(store),
    async compareAndSet(id, was, record, ttlMs) {
      const isWritten = await store.compareAndSet(id, was, record, ttlMs)
      if (isWritten && id.startsWith('grant/')) {
        for (const { tokens } of codec.read(record.value, id).lines) onKept(tokens.accessToken)
      }
      return isWritten
    },
  }
}

function bound(store: GrantStore): Omit<GrantStore, 'compareAndSet'> {
  return {
    get: (id) => store.get(id),
    link: (name, id, ttlMs) => store.link(name, id, ttlMs),
    linked: (name, limit, after) => store.linked(name, limit, after),
    unlink: (name, ids) => store.unlink(name, ids),
  }
}

/** The access tokens of the bench's provider, wherever they are in a session. */
const ACCESS_TOKENS = /access~[\w.-]+/g

/** Sessions with tokens, of which each write that the store has acknowledged is reported. */
export function watchSessions(store: RedisStore, onKept: OnKept): RedisStore {
  const set = store.set.bind(store)
  store.set = async (id, session, callback) => {
    const tokens = JSON.stringify(session).match(ACCESS_TOKENS) ?? []
    await set(id, session, (error?: unknown) => {
      if (!error) tokens.forEach(onKept)
      callback?.(error)
    })
  }
  return store
}
