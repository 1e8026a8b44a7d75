import { setTimeout } from 'node:timers/promises'
import { failed, ok, skipped, warning } from './finding.js'
import type { Verdict } from './finding.js'

/** How long the whole check of Redis may take, in **milliseconds**. */
const TIMEOUT_MS = 3000

/**
 * Checks that Redis can be reached, and that it does not delete records if its memory is full. Never throws.
 *
 * @param url `redis:` or `rediss:`; it may contain a password, which no finding shows
 */
export async function checkRedis(url: string | undefined): Promise<Verdict> {
  if (url === undefined) {
    return skipped(
      'REDIS_URL is not set: several processes need the option grants, such as RedisGrants',
    )
  }
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    return failed('the address is not one of Redis', 'Use redis://host:6379.')
  }
  const { host } = new URL(url)
  const redis = await import('redis').catch(() => undefined)
  if (redis === undefined) {
    return failed('the package redis is not installed', 'Run npm install redis connect-redis.')
  }
  const client = redis.createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: TIMEOUT_MS, reconnectStrategy: false },
  })
  // Without a listener, an error would end the process. The calls below reject as well, so nothing is lost.
  client.on('error', () => undefined)
  const ask = async (): Promise<Verdict> => {
    await client.connect()
    await client.ping()
    // Hosted Redis often forbids reading the configuration.
    const config: Readonly<Record<string, string>> = await client
      .configGet('maxmemory-policy')
      .catch(() => ({}))
    const { 'maxmemory-policy': policy = 'noeviction' } = config
    return policy === 'noeviction'
      ? ok(`${host} answers`)
      : warning(
          `${host} answers, but deletes records if its memory is full (${policy})`,
          'Set maxmemory-policy to noeviction: without its record, a grant is lost, and a callback counts twice.',
        )
  }
  const answered = new AbortController()
  // The client has no timeout for a server that accepts connections and does not answer.
  const silence = setTimeout(TIMEOUT_MS, undefined, { signal: answered.signal }).then(() =>
    failed(`${host} does not answer`, 'Check REDIS_URL, and which program listens there.'),
  )
  try {
    return await Promise.race([ask(), silence])
  } catch (error) {
    const { code, name } = error as { readonly code?: string; readonly name?: string }
    return failed(`${host} cannot be used (${code ?? name ?? 'unknown'})`, 'Check REDIS_URL.')
  } finally {
    answered.abort()
    client.destroy()
  }
}
