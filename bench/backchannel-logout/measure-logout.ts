import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { forEachAtOnce } from '../../src/lib/for-each-at-once.js'
import { startRedisServer } from '../../test/support/redis-server.js'
import type { RedisServer } from '../../test/support/redis-server.js'
import { startProcess } from '../processes.js'
import { placeInMemory, placeInRedis, startScene } from './scene.js'
import type { LogoutScene, Place } from './scene.js'
import type { VisitorCommands, Waits } from './visitor.js'

/** Where grants and sessions can be. */
export const STORES = ['memory', 'redis'] as const

/** What one phase did to others. */
export interface Phase extends Waits {
  /** For how long the event loop was held at the most, in **milliseconds**. */
  readonly loop: number
}

/** What was measured. Memory is in **MiB**, by when it was looked at. */
export interface Measured {
  /** What each request of the provider got, and after how long. */
  readonly attempts: readonly string[]
  /** From the first request until all logins had ended, in **seconds**. */
  readonly seconds: number
  /** The person's sessions that are left. */
  readonly left: number
  readonly idle: Phase
  readonly ending: Phase
  readonly memory: Readonly<Record<string, number>>
  readonly redisMemory?: Readonly<Record<string, number>>
}

/** How long a provider waits for an answer, in **milliseconds**: Keycloak's default. */
const PROVIDER_TIMEOUT_MS = 5_000

const PERSON = 'mallory'
const SETTLE_MS = 75_000
const AT_ONCE = 20

/** Starts everything, ends the logins, and looks at what others notice. */
export async function measureLogout(
  store: (typeof STORES)[number],
  logins: number,
): Promise<Measured> {
  const redis = store === 'redis' ? await startRedisServer('redis-server') : undefined
  const place = redis === undefined ? placeInMemory() : placeInRedis(redis)
  const scene = await startScene(place)
  const visitor = startProcess<VisitorCommands>('backchannel-logout/visitor.ts', [
    scene.origin,
    await scene.logIn('somebody else'),
  ])

  /** What others notice of `work`. */
  async function during(work: () => Promise<unknown>): Promise<Phase> {
    const loop = monitorEventLoopDelay({ resolution: 1 })
    await visitor.ask('waits', undefined)
    loop.enable()
    await work()
    loop.disable()
    return { ...(await visitor.ask('waits', undefined)), loop: loop.max / 1e6 }
  }

  await sleep(3_000)
  const memory: Record<string, number> = {}
  const redisMemory: Record<string, number> = {}
  const look = async (when: string): Promise<void> => {
    memory[when] = await heap()
    if (redis !== undefined) redisMemory[when] = await usedBy(redis)
  }
  await look('before')
  await populate(scene, logins)
  await look('with all logins')
  const idle = await during(() => sleep(5_000))
  let outcome: Pick<Measured, 'attempts' | 'seconds'> = { attempts: [], seconds: 0 }
  const ending = await during(async () => {
    outcome = await logOut(scene)
  })
  const left = (await place.countSessions()) - 1
  await look('when all have ended')
  await settle(place)
  await look('afterwards')
  await visitor.stop()
  await scene.close()
  await redis?.stop()
  const measured = { ...outcome, left, idle, ending, memory }
  return redis === undefined ? measured : { ...measured, redisMemory }
}

/** Logs the person in so many times, and out again of every other login. */
async function populate({ origin, logIn }: LogoutScene, logins: number): Promise<void> {
  const pool = new Pool(origin, { connections: AT_ONCE })
  await forEachAtOnce(Array(logins).keys(), AT_ONCE, async (number) => {
    const cookie = await logIn(PERSON)
    if (number % 2 === 0) return
    const answer = await pool.request({ method: 'POST', path: '/auth/logout', headers: { cookie } })
    await answer.body.text()
    if (answer.statusCode !== 303) throw new Error(`Logging out: ${answer.statusCode}`)
  })
  await pool.close()
}

/** The provider: it posts the logout token again until it is told that the logins have ended. */
async function logOut({ origin, logoutToken }: LogoutScene) {
  const body = new URLSearchParams({ logout_token: await logoutToken(PERSON) })
  const attempts: string[] = []
  const startedAt = performance.now()
  for (;;) {
    const askedAt = performance.now()
    const signal = AbortSignal.timeout(PROVIDER_TIMEOUT_MS)
    const status = await fetch(`${origin}/auth/backchannel-logout`, {
      method: 'POST',
      body,
      signal,
    })
      .then(({ status }) => String(status))
      .catch(() => 'no answer')
    const now = performance.now()
    attempts.push(`${status} after ${((now - askedAt) / 1000).toFixed(1)} s`)
    if (status === '200') return { attempts, seconds: (now - startedAt) / 1000 }
    if (attempts.length === 50) throw new Error(`The provider gives up: ${attempts.join(', ')}`)
    await sleep(500)
  }
}

/** Waits until the process has forgotten what it remembers for a minute, and the store what it keeps for hours. */
async function settle({ passHours }: Place): Promise<void> {
  await sleep(SETTLE_MS)
  await passHours?.()
}

/** In **MiB**, without what nobody needs any more. */
async function heap(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.()
    await sleep(50)
  }
  return process.memoryUsage().heapUsed / 2 ** 20
}

async function usedBy({ client }: RedisServer): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]) / 2 ** 20
}
