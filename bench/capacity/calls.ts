import { startProcess } from '../processes.js'
import type { Remote } from '../processes.js'
import type { Accounts } from './accounts.js'
import type { StoreServer } from './store-server.js'
import type { Memory, WorkerCommands } from './worker.js'

/** What is called, and by how many processes. */
export interface CallsExtent {
  readonly what: 'renewal' | 'read'
  readonly processes: number
  readonly calls: number
  /** How many are not measured, because code that has just been loaded is slow. */
  readonly warmUp: number
}

/** Calls of `accessToken({ account })`, each for another account. */
export interface CallFigures extends CallsExtent {
  /** How many grants the store had. */
  readonly grants: number
  readonly perSecond: number
  readonly medianMs: number
  /** 99 % took no longer. */
  readonly p99Ms: number
  /** CPU time of one call, in **microseconds**: of the application's processes, and of the store's. */
  readonly appCpu: number
  readonly storeCpu: number | undefined
  /** Of one process, the largest, before and after the calls that are measured. */
  readonly before: Memory
  readonly after: Memory
}

/** Starts a process of the application. */
export function startWorker(origin: string, { kind, address }: StoreServer) {
  return startProcess<WorkerCommands>(
    'capacity/worker.ts',
    [origin, kind, address],
    ['--expose-gc'],
  )
}

/** Measures calls for the accounts at the places from `from` on: as many as warm up and are measured. */
export async function measureCalls(
  store: StoreServer,
  origin: string,
  {
    accounts,
    from,
    grants,
    ...extent
  }: CallsExtent & { accounts: Accounts; from: number; grants: number },
): Promise<CallFigures> {
  const { processes, calls, warmUp } = extent
  const workers = Array.from({ length: processes }, () => startWorker(origin, store))
  const getTokens = async (start: number, count: number): Promise<readonly number[]> => {
    const edge = (part: number): number => start + Math.round((part * count) / processes)
    const all = await Promise.all(
      workers.map((worker, part) =>
        worker.ask('getTokens', { accounts, from: edge(part), to: edge(part + 1) }),
      ),
    )
    return all.flat().sort((one, other) => one - other)
  }
  await getTokens(from, warmUp)
  const before = await largest(workers)
  const appBefore = await cpuOf(workers)
  const storeBefore = await store.cpuMs()
  const startedAt = performance.now()
  const latencies = await getTokens(from + warmUp, calls)
  const seconds = (performance.now() - startedAt) / 1000
  const storeAfter = await store.cpuMs()
  const appAfter = await cpuOf(workers)
  const after = await largest(workers)
  await Promise.all(workers.map((worker) => worker.stop()))
  const at = (part: number): number => latencies[Math.floor(part * (calls - 1))] ?? Number.NaN
  return {
    ...extent,
    grants,
    perSecond: calls / seconds,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    appCpu: (1000 * (appAfter - appBefore)) / calls,
    storeCpu:
      storeBefore === undefined || storeAfter === undefined
        ? undefined
        : (1000 * (storeAfter - storeBefore)) / calls,
    before,
    after,
  }
}

type Workers = readonly Remote<WorkerCommands>[]

async function largest(workers: Workers): Promise<Memory> {
  const all = await Promise.all(workers.map((worker) => worker.ask('memory', undefined)))
  return {
    heap: Math.max(...all.map(({ heap }) => heap)),
    resident: Math.max(...all.map(({ resident }) => resident)),
  }
}

async function cpuOf(workers: Workers): Promise<number> {
  const all = await Promise.all(workers.map((worker) => worker.ask('cpuMs', undefined)))
  return all.reduce((sum, one) => sum + one, 0)
}
