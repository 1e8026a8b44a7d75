import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet } from './processes.js'
import { between } from './random.js'
import type { Random } from './random.js'
import type { PostgresServer } from './postgres-server.js'
import type { RedisPair } from './redis-pair.js'

/** A place whose process is being replaced; nobody else replaces it meanwhile. */
const busyPlaces = new WeakMap<Fleet, Set<number>>()

/** Does `work` again and again until `endsAt`, with pauses in milliseconds. */
async function repeat(
  endsAt: number,
  pause: () => number,
  work: () => Promise<void>,
): Promise<void> {
  for (;;) {
    const pauseMs = pause()
    if (Date.now() + pauseMs > endsAt) return
    await sleep(pauseMs)
    await work()
  }
}

async function atFreePlace(
  fleet: Fleet,
  random: Random,
  work: (place: number) => Promise<void>,
): Promise<void> {
  const busy = busyPlaces.get(fleet) ?? new Set<number>()
  busyPlaces.set(fleet, busy)
  const place = Math.floor(random() * fleet.size)
  if (busy.has(place)) return
  busy.add(place)
  await work(place)
  busy.delete(place)
}

/** Kills one process after the other. One that is alone has time to get to work before it is killed. */
export function killProcesses(fleet: Fleet, random: Random, endsAt: number): Promise<void> {
  const longest = fleet.size > 1 ? 8_000 : 20_000
  return repeat(
    endsAt,
    () => between(random, 2_000, longest),
    () => atFreePlace(fleet, random, (place) => fleet.replace(place)),
  )
}

/** Deploys one process after the other. */
export function deployProcesses(fleet: Fleet, random: Random, endsAt: number): Promise<void> {
  const longest = fleet.size > 1 ? 5_000 : 40_000
  return repeat(
    endsAt,
    () => between(random, 2_000, longest),
    () => atFreePlace(fleet, random, (place) => fleet.deploy(place)),
  )
}

/** Kills Redis and starts it again, or promotes its replica, which has not received the last second. */
export function disturbRedis(
  redis: RedisPair,
  random: Random,
  seconds: number,
  endsAt: number,
): Promise<void> {
  return repeat(
    endsAt,
    () => between(random, seconds * 60, seconds * 150),
    () =>
      random() < 0.6
        ? redis.restart(between(random, 100, 2_500))
        : redis.failOver(1_000, between(random, 1_000, 4_000)),
  )
}

/** Kills PostgreSQL and starts it again. */
export function disturbPostgres(
  postgres: PostgresServer,
  random: Random,
  seconds: number,
  endsAt: number,
): Promise<void> {
  return repeat(
    endsAt,
    () => between(random, seconds * 60, seconds * 150),
    () => postgres.restart(between(random, 100, 2_500)),
  )
}
