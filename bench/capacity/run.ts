import { startProcess } from '../processes.js'
import { grantRows } from '../scale/population.js'
import type { Population, Row } from '../scale/population.js'
import { ownerOfGrants, SECRET } from '../scale/scene.js'
import { measureCalls, startWorker } from './calls.js'
import type { CallFigures } from './calls.js'
import { each } from './each.js'
import { startPostgresServer } from './postgres-server.js'
import type { ProviderCommands } from './provider.js'
import { startRedisServer } from './redis-server.js'
import type { Size, StoreServer } from './store-server.js'
import type { Memory } from './worker.js'

/** How much is measured. */
export interface Extent {
  readonly grants: number
  /** How many grants are renewed, and then read, with each number of processes. */
  readonly calls: number
  /** With how many processes. */
  readonly processes: readonly number[]
}

/** What one store has shown. */
export interface StoreFigures {
  readonly kind: StoreServer['kind']
  readonly grants: number
  readonly fillSeconds: number
  /** What all grants take, without what an empty store takes. */
  readonly sizes: readonly Size[]
  readonly calls: readonly CallFigures[]
  readonly refreshes: Refreshes
  /** The same with long tokens: fewer grants, nobody calls. */
  readonly long: LongTokens
}

/** What the provider has seen. */
export interface Refreshes {
  /** How many grants had to be refreshed. */
  readonly due: number
  readonly refreshed: number
  /** How many grants those were. */
  readonly grants: number
  /** Refresh tokens that came again. */
  readonly reused: number
}

/** Grants with access tokens of {@link TOKEN_LENGTH} characters, and the daily job that looks at all of them. */
export interface LongTokens {
  readonly grants: number
  readonly sizes: readonly Size[]
  readonly renewIdle: {
    readonly renewed: number
    readonly seconds: number
    readonly before: Memory
    readonly after: Memory
    readonly refreshes: Refreshes
  }
}

/** Of the access tokens that count as long, in characters: a JWT with a few claims. */
export const TOKEN_LENGTH = 1_000

/** If refresh tokens are renewed after 60 days, so many of the grants that nobody uses are due on one day. */
const DAYS = 60

/** How many grants are written at once. */
const BATCH = 2_000

type Provider = ReturnType<typeof startProcess<ProviderCommands>>

/**
 * Fills each store, and lets processes renew grants in it and read them.
 *
 * @throws {Error} if a grant was refreshed twice, or not at all
 */
export async function measureCapacity(extent: Extent): Promise<readonly StoreFigures[]> {
  const figures: StoreFigures[] = []
  for (const kind of ['Redis', 'PostgreSQL'] as const) {
    const calls = await withStore(kind, (...given) => measureStore(...given, extent))
    const long = await withStore(kind, (...given) => measureLongTokens(...given, extent))
    figures.push({ kind, ...calls, long })
  }
  return figures
}

async function withStore<Value>(
  kind: StoreServer['kind'],
  work: (store: StoreServer, provider: Provider, origin: string) => Promise<Value>,
): Promise<Value> {
  const provider = startProcess<ProviderCommands>('capacity/provider.ts')
  const origin = await provider.ask('origin', undefined)
  const { name } = ownerOfGrants(origin)
  const store = await (kind === 'Redis'
    ? startRedisServer(name)
    : startPostgresServer(SECRET, name))
  try {
    return await work(store, provider, origin)
  } finally {
    await store.stop()
    await provider.stop()
  }
}

/** First with a tenth of the grants, so that it shows what depends on how many there are. */
async function measureStore(
  store: StoreServer,
  provider: Provider,
  origin: string,
  { grants, calls, processes }: Extent,
): Promise<Omit<StoreFigures, 'kind' | 'long'>> {
  const warmUp = Math.ceil(calls / 10)
  const tenth = Math.floor(grants / 10)
  const rest = { first: tenth, count: grants - tenth }
  const figures: CallFigures[] = []
  /** Where the accounts begin that have not been renewed. */
  let from = 0
  async function renewAndRead(count: number, present: number): Promise<void> {
    const accounts = present < grants ? { first: 0, count: tenth } : rest
    if (from + warmUp + calls > accounts.count)
      throw new Error('There are too few grants for so many calls.')
    for (const what of ['renewal', 'read'] as const) {
      const extent = { what, processes: count, calls, warmUp }
      figures.push(
        await measureCalls(store, origin, { ...extent, accounts, from, grants: present }),
      )
    }
    from += warmUp + calls
  }

  const empty = await store.sizes()
  const batches = batchesOf({ accounts: grants, grantsOfEach: 1, idle: 1 }, origin)
  let seconds = await timed(() => store.fill(batches(tenth)))
  await renewAndRead(1, tenth)
  from = 0
  seconds += await timed(() => store.fill(batches(rest.count)))
  const sizes = beyond(empty, await store.sizes())
  for (const one of processes) await renewAndRead(one, grants)
  const due = figures.filter(({ what }) => what === 'renewal').length * (warmUp + calls)
  const refreshes = await checkRefreshes(provider, due)
  return { grants, fillSeconds: seconds, sizes, calls: figures, refreshes }
}

async function measureLongTokens(
  store: StoreServer,
  provider: Provider,
  origin: string,
  extent: Extent,
): Promise<LongTokens> {
  const grants = Math.floor(extent.grants / 20)
  const empty = await store.sizes()
  const due = Math.ceil(grants / DAYS)
  const population = { accounts: grants, grantsOfEach: 1, idle: due, tokenLength: TOKEN_LENGTH }
  await store.fill(batchesOf(population, origin)(grants))
  const sizes = beyond(empty, await store.sizes())
  const worker = startWorker(origin, store)
  const before = await worker.ask('memory', undefined)
  const startedAt = performance.now()
  const { renewed } = await worker.ask('renewIdle', undefined)
  const seconds = (performance.now() - startedAt) / 1000
  const after = await worker.ask('memory', undefined)
  await worker.stop()
  const refreshes = await checkRefreshes(provider, renewed)
  return { grants, sizes, renewIdle: { renewed, seconds, before, after, refreshes } }
}

/** @throws {Error} if the provider has not refreshed each grant that was due exactly once */
async function checkRefreshes(provider: Provider, due: number): Promise<Refreshes> {
  const { refreshed, grants, reused } = await provider.ask('counts', undefined)
  if (refreshed !== due || grants !== due || reused !== 0) {
    throw new Error(
      `${refreshed} refreshes of ${grants} grants, of which ${due} were due; ${reused} tokens used twice.`,
    )
  }
  return { due, refreshed, grants, reused }
}

/** Returns a function that takes the next grants out of a population, some at a time. */
function batchesOf(population: Population, origin: string) {
  const rows = each(grantRows(population, ownerOfGrants(origin)))
  return function* (count: number): Generator<readonly Row[]> {
    for (let missing = count; missing > 0; missing -= BATCH) {
      yield Array.from({ length: Math.min(BATCH, missing) }, () => rows.next().value as Row)
    }
  }
}

function beyond(empty: readonly Size[], full: readonly Size[]): readonly Size[] {
  return full.map(({ what, bytes }, place) => ({ what, bytes: bytes - (empty[place]?.bytes ?? 0) }))
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1000
}
