import { startProcess } from '../processes.js'
import type { ProviderCommands } from './provider.js'
import { NAME, SECRET, strategyId } from '../scale/scene.js'
import { startPostgresStore, startRedisStore } from './stores.js'
import type { FilledStore } from './stores.js'
import type { WorkerCommands } from './worker.js'

/** How much is measured. */
export interface Extent {
  readonly grants: number
  /** How many grants are renewed with each number of processes. */
  readonly renewals: number
}

/** What one store has shown. */
export interface StoreFigures {
  readonly kind: FilledStore['kind']
  readonly grants: number
  readonly bytesPerGrant: number
  readonly renewing: readonly Renewing[]
}

/** Grants whose access token had expired, each renewed once. */
export interface Renewing {
  readonly processes: number
  readonly renewals: number
  readonly perSecond: number
  readonly medianMs: number
  /** 99 % took no longer. */
  readonly p99Ms: number
  /** The heap of a process after it, in bytes: the largest. */
  readonly heap: number
}

const PROCESSES = [1, 2, 4] as const

/**
 * Fills each store, and lets processes renew grants in it.
 *
 * @throws {Error} if a grant was renewed twice, or not
 */
export async function measureCapacity(extent: Extent): Promise<readonly StoreFigures[]> {
  const figures: StoreFigures[] = []
  for (const start of [startRedisStore, startPostgresStore]) {
    const provider = startProcess<ProviderCommands>('capacity/provider.ts')
    const store = await start()
    try {
      figures.push(await measureStore(store, provider, extent))
    } finally {
      await store.stop()
      await provider.stop()
    }
  }
  return figures
}

async function measureStore(
  store: FilledStore,
  provider: ReturnType<typeof startProcess<ProviderCommands>>,
  { grants, renewals }: Extent,
): Promise<StoreFigures> {
  const origin = await provider.ask('origin', undefined)
  const before = await store.size()
  const whose = { secret: SECRET, name: NAME, strategy: strategyId(origin) }
  await store.fill({ accounts: grants, grantsOfEach: 1, idle: 1 }, whose)
  const bytesPerGrant = ((await store.size()) - before) / grants
  const renewing: Renewing[] = []
  let first = 0
  for (const processes of PROCESSES) {
    renewing.push(await renew(store, origin, { processes, renewals, first }))
    first += renewals
  }
  const { refreshed, reused } = await provider.ask('counts', undefined)
  if (refreshed !== first || reused !== 0) {
    throw new Error(`${refreshed} refreshes for ${first} grants, ${reused} tokens used twice.`)
  }
  return { kind: store.kind, grants, bytesPerGrant, renewing }
}

async function renew(
  { kind, address }: FilledStore,
  origin: string,
  { processes, renewals, first }: { processes: number; renewals: number; first: number },
): Promise<Renewing> {
  const workers = Array.from({ length: processes }, () =>
    startProcess<WorkerCommands>('capacity/worker.ts', [origin, kind, address], ['--expose-gc']),
  )
  const share = Math.ceil(renewals / processes)
  // So that all have started, and their code is there.
  await Promise.all(workers.map((worker) => worker.ask('renew', { from: 0, to: 0 })))
  const startedAt = performance.now()
  const done = await Promise.all(
    workers.map((worker, place) => {
      const from = first + place * share
      return worker.ask('renew', { from, to: Math.min(from + share, first + renewals) })
    }),
  )
  const seconds = (performance.now() - startedAt) / 1000
  await Promise.all(workers.map((worker) => worker.stop()))
  const sorted = done.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b)
  const at = (part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? NaN
  return {
    processes,
    renewals,
    perSecond: renewals / seconds,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    heap: Math.max(...done.map(({ heap }) => heap)),
  }
}
