import { setTimeout as sleep } from 'node:timers/promises'
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

type Client = Awaited<ReturnType<typeof connect>>

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
  const store = new RedisStore({ client, prefix: 'example-app:session:' })
  const stopWatching = reconnectWhenSilent(client, onError)
  return {
    sessionStore: guardSessionStore(store, { grants }),
    grants,
    close() {
      stopWatching()
      client.destroy()
    },
  }
}

async function connect(redisURL: string, onError: (error: unknown) => void) {
  let wasReady = false
  let isReady = false
  const client = createClient({
    url: redisURL,
    // While Redis is away, visitors get an error page at once instead of waiting for its return.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: REDIS_TIMEOUT_MS,
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
 * Connects again if Redis is silent: node-redis waits for an answer without a limit, and its `socketTimeout` starts anew with
 * each command that is sent.
 *
 * @returns ends it
 */
function reconnectWhenSilent(client: Client, onError: (error: unknown) => void): () => void {
  const timer = setInterval(() => void check(), REDIS_TIMEOUT_MS)

  async function check(): Promise<void> {
    const answer = await Promise.race([
      client.ping().catch(() => 'offline'),
      sleep(REDIS_TIMEOUT_MS, 'silent'),
    ])
    if (answer !== 'silent' || !client.isOpen) return
    onError(new Error(`Redis was silent for ${REDIS_TIMEOUT_MS} ms`))
    client.destroy()
    client.connect().catch(onError)
  }

  return () => clearInterval(timer)
}
