import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'

/** How long Redis may be silent before it counts as away, in milliseconds. */
const REDIS_TIMEOUT_MS = 2_000

type Client = Awaited<ReturnType<typeof connect>>

/** A connection to Redis that comes back by itself. */
export interface RedisConnection {
  readonly client: Client
  close(): void
}

/** @throws if Redis cannot be reached at the start; later losses are reported and mended */
export async function openRedis(
  url: string,
  onError: (error: unknown) => void,
): Promise<RedisConnection> {
  const client = await connect(url, onError)
  const stopWatching = reconnectWhenSilent(client, onError)
  return {
    client,
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
