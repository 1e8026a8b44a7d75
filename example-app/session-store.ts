import type { Store } from 'express-session'

/** Where the sessions live, and how to let go of it. */
export interface OpenSessionStore {
  readonly kind: 'memory' | 'redis'
  /** `undefined` means express-session's own store, in memory. */
  readonly store: Store | undefined
  close(): Promise<void>
}

/**
 * Opens the session store in Redis, or none where no URL is given.
 *
 * @throws when Redis cannot be reached at the start; later losses are reported and mended
 */
export async function openSessionStore(
  redisURL: string | undefined,
  onError: (error: unknown) => void,
): Promise<OpenSessionStore> {
  if (redisURL === undefined) {
    return { kind: 'memory', store: undefined, close: () => Promise.resolve() }
  }

  const { createClient } = await import('redis')
  const { RedisStore } = await import('connect-redis')
  let wasReady = false
  let isReady = false
  const client = createClient({
    url: redisURL,
    // A wrong URL should stop the start; a Redis that restarts later should not stop the app.
    socket: { reconnectStrategy: (retries) => wasReady && Math.min(retries * 100, 2000) },
    // While Redis is away, visitors get an error page at once instead of waiting for its return.
    disableOfflineQueue: true,
  })
  client.on('ready', () => {
    wasReady = true
    isReady = true
  })
  // Without a listener, a lost connection would end the process. Every failed attempt to get it back
  // is an error, too; one of them is enough to know.
  client.on('error', (error: unknown) => {
    if (isReady) onError(error)
    isReady = false
  })
  await client.connect()

  return {
    kind: 'redis',
    store: new RedisStore({ client, prefix: 'example-app:' }),
    async close() {
      client.destroy()
      return Promise.resolve()
    },
  }
}
