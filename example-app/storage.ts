import { RedisStore } from 'connect-redis'
import { MemoryStore, type Store } from 'express-session'
import { guardSessionStore } from 'passport-authorization-code'
import { RedisGrants } from 'passport-authorization-code/redis'
import { createClient } from 'redis'

/** Where sessions and grants are stored, and how to close the connection. */
export interface Storage {
  readonly sessionStore: Store
  /** `undefined`: the tokens are in the sessions. */
  readonly grants: RedisGrants | undefined
  close(): void
}

/** How long Redis may be silent before it counts as away, in milliseconds. */
const REDIS_TIMEOUT_MS = 2_000

/**
 * Opens the storage: in Redis, or in memory if no URL is given.
 *
 * @param grantSecret encrypts the grants in Redis: at least 32 characters
 * @throws if Redis cannot be reached at the start; later losses are reported and mended
 */
export async function openStorage(
  redisURL: string | undefined,
  grantSecret: string,
  onError: (error: unknown) => void,
): Promise<Storage> {
  if (redisURL === undefined) {
    const sessionStore = guardSessionStore(new MemoryStore())
    return { sessionStore, grants: undefined, close: () => undefined }
  }

  const client = await connect(redisURL, onError)
  const grants = new RedisGrants({ client, secret: grantSecret, prefix: 'example-app:oauth2:' })
  const store = new RedisStore({
    client: withTimeLimit(client, REDIS_TIMEOUT_MS),
    prefix: 'example-app:session:',
  })
  return {
    sessionStore: guardSessionStore(store, { grants }),
    grants,
    close: () => client.destroy(),
  }
}

async function connect(redisURL: string, onError: (error: unknown) => void) {
  let wasReady = false
  let isReady = false
  const client = createClient({
    url: redisURL,
    // While Redis is away, visitors get an error page at once instead of waiting for its return.
    disableOfflineQueue: true,
    // A silent connection is given up; the ping makes sure that a sound one never is.
    pingInterval: REDIS_TIMEOUT_MS / 2,
    socket: {
      connectTimeout: REDIS_TIMEOUT_MS,
      socketTimeout: REDIS_TIMEOUT_MS,
      // A wrong URL should stop the start; a Redis that restarts later should not stop the app.
      reconnectStrategy: (retries) => wasReady && Math.min((retries + 1) * 100, 1_000),
    },
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
  return client
}

/**
 * The same client, whose commands fail when their answer takes too long. node-redis itself only limits how
 * long a command waits to be sent.
 */
function withTimeLimit<Client extends object>(client: Client, limitMs: number): Client {
  return new Proxy(client, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const result = Reflect.apply(value, target, args) as unknown
        return result instanceof Promise ? within(limitMs, result) : result
      }
    },
  })
}

async function within<Value>(limitMs: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis was silent for ${limitMs} ms`)), limitMs)
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}
