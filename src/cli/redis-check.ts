import { setTimeout } from 'node:timers/promises'
import { failed, ok, skipped, warning } from './finding.js'
import type { Verdict } from './finding.js'

/** How long Redis may take, in **milliseconds**. */
const TIMEOUT_MS = 3000

/** Whether Redis can be reached, and forgets nothing under pressure. */
export async function checkRedis(url: string | undefined): Promise<Verdict> {
  if (url === undefined) return skipped('REDIS_URL is not set')
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    return failed('the address is none of a Redis', 'Use redis://host:6379.')
  }
  const { host } = new URL(url)
  const redis = await import('redis').catch(() => undefined)
  if (redis === undefined) {
    return failed('the package redis is not installed', 'npm install redis connect-redis')
  }
  const client = redis.createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: TIMEOUT_MS, reconnectStrategy: false },
  })
  // Without a listener, it would end the process. Whoever waits is told as well.
  client.on('error', () => undefined)
  const ask = async (): Promise<Verdict> => {
    await client.connect()
    await client.ping()
    // Not every Redis lets its settings be seen.
    const config: Readonly<Record<string, string>> = await client
      .configGet('maxmemory-policy')
      .catch(() => ({}))
    const { 'maxmemory-policy': policy = 'noeviction' } = config
    return policy === 'noeviction'
      ? ok(`${host} answers`)
      : warning(
          `${host} answers, and may forget what it holds (${policy})`,
          'Set maxmemory-policy to noeviction: what the ledger forgets can happen twice.',
        )
  }
  const giveUp = new AbortController()
  // One that accepts connections and says nothing keeps the client waiting for ever.
  const silence = setTimeout(TIMEOUT_MS, undefined, { signal: giveUp.signal }).then(() =>
    failed(`${host} gives no answer`, 'Check REDIS_URL, and what listens there.'),
  )
  try {
    return await Promise.race([ask(), silence])
  } catch (error) {
    const { code, name } = error as { readonly code?: string; readonly name?: string }
    return failed(`${host} cannot be used (${code ?? name ?? 'unknown'})`, 'Check REDIS_URL.')
  } finally {
    giveUp.abort()
    client.destroy()
  }
}
