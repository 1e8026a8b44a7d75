import type { Name } from './apps/index.js'
import type { Operation } from './load.js'
import { OPERATIONS, prepare } from './measure.js'
import type { Effort } from './measure.js'
import { shuffled } from './shuffled.js'
import type { RunningApp, Stage } from './stage.js'

/** The CPU time of one operation by whose code it went to, in microseconds. */
export type Shares = Readonly<Record<string, number>>

/** Whose profile is taken: whoever is on the way from the limit to this library. */
const PROFILED: readonly Name[] = ['bare', 'passport-session', 'session', 'library']

/** Shares by operation and application. */
export type Profiles = Partial<Record<Operation, Record<string, Shares>>>

/** What each operation costs where, in turns as they are measured otherwise. */
export async function profileAll(stage: Stage, effort: Effort): Promise<Profiles> {
  const apps = await Promise.all(PROFILED.map((name) => stage.startApp(name)))
  const profiles: Profiles = {}
  for (const operation of OPERATIONS) {
    // Refreshes have turns of another kind.
    if (operation === 'refresh') continue
    profiles[operation] = await profile(apps, operation, stage, effort)
  }
  await Promise.all(apps.map((app) => app.stop()))
  return profiles
}

async function profile(
  apps: readonly RunningApp[],
  operation: Operation,
  stage: Stage,
  { warmUp, rounds, turns: allTurns, operations }: Effort,
): Promise<Record<string, Shares>> {
  const count = operations[operation]
  const turns = allTurns[operation]
  const loads = new Map<RunningApp, number>()
  const sums: Record<string, Record<string, number>> = {}
  for (const app of apps) {
    const load = await prepare(app, stage, operation)
    await stage.load.ask('run', { load, count: warmUp })
    loads.set(app, load)
    sums[app.name] = {}
  }
  for (let turn = 0; turn < rounds * turns; turn++) {
    for (const app of shuffled(apps)) {
      await app.remote.ask('startProfile', undefined)
      await stage.load.ask('run', { load: loads.get(app) ?? 0, count })
      const shares = await app.remote.ask('endProfile', undefined)
      const sum = (sums[app.name] ??= {})
      for (const [owner, microseconds] of Object.entries(shares)) {
        sum[owner] = (sum[owner] ?? 0) + microseconds / (count * rounds * turns)
      }
    }
  }
  return sums
}
