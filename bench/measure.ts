import type { Name } from './apps/index.js'
import type { Load, Operation } from './load.js'
import type { RunningApp, Stage } from './stage.js'

/** One stretch of load on one application. */
export interface Figures {
  /** The CPU time of the application's process for each operation, in microseconds. */
  readonly cpuMicroseconds: number
  readonly operationsPerSecond: number
}

/** Figures by round. */
export type Rounds = readonly Figures[]

/** How much is measured. */
export interface Effort {
  /** How often each operation is done before anything is measured, so that its code is compiled. */
  readonly warmUp: number
  readonly rounds: number
  /** How long each operation is done in a round, in milliseconds. */
  readonly durationMs: Readonly<Record<Operation, number>>
  /** How many logins there are before each look at the heap. */
  readonly heapLogins: readonly number[]
  /** How many sessions there are when throughput is measured. */
  readonly liveSessions: readonly number[]
}

const OPERATIONS: readonly Operation[] = ['login', 'whole', 'fresh']

/** Measures all applications in turn, over and over, so that what disturbs the machine disturbs all of them. */
export async function measureRounds(
  apps: readonly RunningApp[],
  stage: Stage,
  { warmUp, rounds, durationMs }: Effort,
): Promise<Record<Name, Record<Operation, Figures[]>>> {
  const figures = Object.fromEntries(
    apps.map(({ name }) => [name, { login: [], whole: [], fresh: [] }]),
  ) as unknown as Record<Name, Record<Operation, Figures[]>>
  for (const app of apps) {
    for (const operation of OPERATIONS) await measure(app, stage, { operation, count: warmUp })
  }
  for (let round = 0; round < rounds; round++) {
    for (const app of rotated(apps, round)) {
      for (const operation of OPERATIONS) {
        const measured = await measure(app, stage, { operation, durationMs: durationMs[operation] })
        figures[app.name][operation].push(measured)
      }
    }
  }
  return figures
}

/** Nobody comes always first. */
function rotated<Value>(values: readonly Value[], by: number): readonly Value[] {
  const start = by % values.length
  return [...values.slice(start), ...values.slice(0, start)]
}

async function measure(
  { origin, contestant: { loginPath }, remote }: RunningApp,
  { load }: Stage,
  what: Omit<Load, 'origin' | 'loginPath'>,
): Promise<Figures> {
  const whole: Load = { origin, loginPath, ...what }
  await load.ask('prepare', whole)
  const before = await remote.ask('cpu', undefined)
  const { operations, elapsedMs } = await load.ask('run', whole)
  const after = await remote.ask('cpu', undefined)
  return {
    cpuMicroseconds: (after - before) / operations,
    operationsPerSecond: (operations / elapsedMs) * 1000,
  }
}

/** The heap of a new process after so many logins, in bytes. */
export async function measureHeap(
  name: Name,
  stage: Stage,
  { heapLogins }: Effort,
): Promise<number[]> {
  const app = await stage.startApp(name)
  const heaps: number[] = []
  let done = 0
  for (const logins of heapLogins) {
    await stage.redis.client.flushAll()
    await measure(app, stage, { operation: 'whole', count: logins - done })
    done = logins
    heaps.push(await app.remote.ask('heap', undefined))
  }
  await app.stop()
  return heaps
}

/** Figures of requests with a fresh token, by how many sessions there are. */
export type BySessions = Record<string, Figures[]>

/** What so many live sessions do to requests with a fresh token: copies of one that has logged in. */
export async function measureLiveSessions(
  apps: readonly RunningApp[],
  stage: Stage,
  { liveSessions, rounds, durationMs }: Effort,
): Promise<Record<string, BySessions>> {
  const figures: Record<string, BySessions> = Object.fromEntries(apps.map(({ name }) => [name, {}]))
  const byCount = ({ name }: RunningApp, count: number): Figures[] =>
    ((figures[name] ??= {})[`${count}`] ??= [])
  await stage.redis.client.flushAll()
  for (const count of liveSessions) {
    for (const app of apps) await fill(app, stage, count)
    for (let round = 0; round <= rounds; round++) {
      for (const app of rotated(apps, round)) {
        const sessions = { prefix: prefixOf(app), count }
        const operation = 'fresh'
        const duration = { durationMs: durationMs[operation] }
        const measured = await measure(app, stage, { operation, sessions, ...duration })
        if (round > 0) byCount(app, count).push(measured)
      }
    }
  }
  return figures
}

function prefixOf({ name }: RunningApp): string {
  return `live-${name}-`
}

async function fill(app: RunningApp, { redis }: Stage, count: number): Promise<void> {
  const { client } = redis
  const others = new Set(await client.keys('sess:*'))
  await app.visitor().logIn(app.contestant.loginPath)
  const own = (await client.keys('sess:*')).find((key) => !others.has(key)) ?? ''
  const content = (await client.get(own)) ?? ''
  await client.del(own)
  const EX = 86_400
  for (let from = 0; from < count; from += 10_000) {
    const writes = Array.from({ length: Math.min(10_000, count - from) }, (_, index) =>
      client.set(`sess:${prefixOf(app)}${from + index}`, content, { EX }),
    )
    await Promise.all(writes)
  }
}
