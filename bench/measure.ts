import { setTimeout as sleep } from 'node:timers/promises'
import type { Name } from './apps/index.js'
import type { Load, Operation } from './load.js'
import { shuffled } from './shuffled.js'
import type { RunningApp, Stage } from './stage.js'

/** What one application has done in a round. */
export interface Figures {
  /** The CPU time of the application's process for each operation, in microseconds. */
  readonly cpuMicroseconds: number
  readonly operationsPerSecond: number
}

/** How much is measured. */
export interface Effort {
  /** How often each operation is done before anything is measured, so that its code is compiled. */
  readonly warmUp: number
  readonly rounds: number
  /**
   * How often each application has its turn in a round. A machine that others share is slow for seconds on
   * end: turns are short, so that this hits everybody alike, and a round is the sum of many.
   */
  readonly turns: Readonly<Record<Operation, number>>
  /** How many operations a turn has. */
  readonly operations: Readonly<Record<Operation, number>>
  /** How often each package is imported. */
  readonly loads: number
  /** How many logins there are before each look at the heap. */
  readonly heapLogins: readonly number[]
  /** How many sessions there are when throughput is measured. */
  readonly liveSessions: readonly number[]
}

/** Everything that is measured. */
export const OPERATIONS: readonly Operation[] = ['login', 'whole', 'fresh', 'refresh']

/** Somebody whose turn it can be. */
interface Player {
  readonly app: RunningApp
  /** The number of what is to be done, in the process that makes the load. */
  readonly load: number
  /** How many operations a turn has. */
  readonly count: number
  /** Gets everything ready for a turn. */
  readonly before?: () => Promise<unknown>
  readonly after?: () => void
  /** Where the figures of each round go. */
  readonly figures: Figures[]
}

/** Figures by application and operation, a list with one for each round. */
export type Rounds = Readonly<
  Partial<Record<Name, Readonly<Partial<Record<Operation, Figures[]>>>>>
>

/** Measures each operation of all applications. */
export async function measureRounds(
  apps: readonly RunningApp[],
  stage: Stage,
  effort: Effort,
): Promise<Rounds> {
  const byOperation = new Map<Operation, readonly Player[]>()
  for (const operation of OPERATIONS) {
    const able = apps.filter(({ contestant }) => operation !== 'refresh' || contestant.refreshes)
    byOperation.set(
      operation,
      operation === 'refresh'
        ? await playRefreshes(able, stage, effort)
        : await playOperation(able, operation, stage, effort),
    )
  }
  const figuresOf = ({ name }: RunningApp) =>
    [...byOperation].flatMap(([operation, players]) => {
      const player = players.find(({ app }) => app.name === name)
      return player === undefined ? [] : [[operation, player.figures] as const]
    })
  return Object.fromEntries(apps.map((app) => [app.name, Object.fromEntries(figuresOf(app))]))
}

async function playOperation(
  apps: readonly RunningApp[],
  operation: Operation,
  stage: Stage,
  effort: Effort,
): Promise<readonly Player[]> {
  const players: Player[] = []
  for (const app of apps) {
    const load = await prepare(app, stage, operation)
    await stage.load.ask('run', { load, count: effort.warmUp })
    players.push({ app, load, count: effort.operations[operation], figures: [] })
  }
  await play(players, stage, { rounds: effort.rounds, turns: effort.turns[operation] })
  return players
}

/** How long access tokens last when each request is to refresh one, and when they have certainly ended, in **seconds**. */
const SHORT_LIFETIME = 1
const LONG_LIFETIME = 3600
const ENDED_AFTER = 2.1

/** Each person comes once in a turn, with a token that has ended since the turn before. */
async function playRefreshes(
  apps: readonly RunningApp[],
  stage: Stage,
  effort: Effort,
): Promise<readonly Player[]> {
  const { provider, load } = stage
  await provider.ask('setLifetime', SHORT_LIFETIME)
  const people = effort.operations.refresh
  const players: Player[] = []
  for (const app of apps) {
    const prepared = await prepare(app, stage, 'refresh', { people })
    const lastTurn = { endedAt: performance.now() }
    const figures: Figures[] = []
    const before = () => sleep(lastTurn.endedAt + ENDED_AFTER * 1000 - performance.now())
    const after = () => void (lastTurn.endedAt = performance.now())
    players.push({ app, load: prepared, count: people, before, after, figures })
  }
  for (let done = 0; done < effort.warmUp / 4; done += people) {
    await sleep(ENDED_AFTER * 1000)
    for (const player of players) {
      await load.ask('run', { load: player.load, count: people })
      player.after?.()
    }
  }
  await provider.ask('countTokenRequests', undefined)
  const schedule = { rounds: effort.rounds, turns: effort.turns.refresh }
  await play(players, stage, schedule)
  const refreshes = await provider.ask('countTokenRequests', undefined)
  await provider.ask('setLifetime', LONG_LIFETIME)
  const expected = players.length * people * schedule.rounds * schedule.turns
  if (refreshes !== expected) throw new Error(`${refreshes} refreshes instead of ${expected}.`)
  return players
}

/** How often everybody has their turn. */
interface Schedule {
  readonly rounds: number
  /** In each round. */
  readonly turns: number
}

async function play(
  players: readonly Player[],
  stage: Stage,
  { rounds, turns }: Schedule,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const sums = new Map(players.map((player) => [player, { cpu: 0, elapsedMs: 0 }]))
    for (let turn = 0; turn < turns; turn++) {
      for (const player of shuffled(players)) {
        const { cpu, elapsedMs } = await takeTurn(player, stage)
        const sum = sums.get(player) ?? { cpu: 0, elapsedMs: 0 }
        sums.set(player, { cpu: sum.cpu + cpu, elapsedMs: sum.elapsedMs + elapsedMs })
      }
    }
    for (const [{ count, figures }, { cpu, elapsedMs }] of sums) {
      const operations = count * turns
      const operationsPerSecond = (operations / elapsedMs) * 1000
      figures.push({ cpuMicroseconds: cpu / operations, operationsPerSecond })
    }
  }
}

async function takeTurn({ app: { remote }, load, count, before, after }: Player, stage: Stage) {
  await before?.()
  const cpuBefore = await remote.ask('cpu', undefined)
  const elapsedMs = await stage.load.ask('run', { load, count })
  const cpu = (await remote.ask('cpu', undefined)) - cpuBefore
  after?.()
  return { cpu, elapsedMs }
}

/** Has a load made ready; resolves to its number. */
export function prepare(
  { origin, contestant: { loginPath, csrfPath } }: RunningApp,
  { load }: Stage,
  operation: Operation,
  who?: Pick<Load, 'sessions' | 'people'>,
): Promise<number> {
  return load.ask('prepare', {
    origin,
    loginPath,
    operation,
    ...(csrfPath !== undefined && { csrfPath }),
    ...who,
  })
}

/** The heap of a new process after so many logins, in bytes. */
export async function measureHeap(
  name: Name,
  stage: Stage,
  { heapLogins }: Effort,
): Promise<number[]> {
  const app = await stage.startApp(name)
  const load = await prepare(app, stage, 'whole')
  const heaps: number[] = []
  let done = 0
  for (const logins of heapLogins) {
    await stage.redis.client.flushDb()
    await stage.load.ask('run', { load, count: logins - done })
    done = logins
    heaps.push(await app.remote.ask('heap', undefined))
  }
  await app.stop()
  return heaps
}

/** Figures of requests with a fresh token, by how many sessions there are. */
export type BySessions = Record<string, Figures[]>

/**
 * What so many live sessions do to requests with a fresh token: copies of one that has logged in. Each number
 * of sessions has one of Redis's databases for itself.
 */
export async function measureLiveSessions(
  apps: readonly RunningApp[],
  stage: Stage,
  effort: Effort,
): Promise<Record<string, BySessions>> {
  await stage.redis.client.flushAll()
  const bySessions: Record<string, BySessions> = {}
  const players: Player[] = []
  for (const app of apps) {
    const own: BySessions = (bySessions[app.name] = {})
    for (const [index, sessions] of effort.liveSessions.entries()) {
      const database = index + 1
      const prefix = `live-${app.name}-`
      await fill(app, stage, { prefix, sessions, database })
      players.push({
        app,
        load: await prepare(app, stage, 'fresh', { sessions: { prefix, count: sessions } }),
        count: effort.operations.fresh,
        before: () => app.remote.ask('selectDatabase', database),
        figures: (own[`${sessions}`] = []),
      })
    }
  }
  await play(players, stage, { rounds: effort.rounds, turns: effort.turns.fresh })
  return bySessions
}

interface Filling {
  readonly prefix: string
  readonly sessions: number
  readonly database: number
}

async function fill(app: RunningApp, { redis }: Stage, filling: Filling): Promise<void> {
  const { prefix, sessions, database } = filling
  const { client } = redis
  await app.visitor().logIn(app.contestant)
  const [own = ''] = await client.keys('sess:*')
  const content = (await client.get(own)) ?? ''
  await client.flushDb()
  await client.select(database)
  const EX = 86_400
  for (let from = 0; from < sessions; from += 10_000) {
    const writes = Array.from({ length: Math.min(10_000, sessions - from) }, (_, index) =>
      client.set(`sess:${prefix}${from + index}`, content, { EX }),
    )
    await Promise.all(writes)
  }
  await client.select(0)
}
