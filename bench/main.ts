/**
 * Measures this library side by side with handlers written by hand, and with others of its kind. Prints
 * tables, and writes `results.json` beside this file.
 *
 *     npm run bench -- [--quick] [--checks] [--profile] [--heap 100000] [--out folder] [--readme]
 *
 * `--quick` takes a minute and its times say nothing, `--checks` leaves the times out, `--profile` prints in
 * their place whose code the time goes to, `--heap` looks at the heap after so many logins as well, `--readme`
 * puts the tables and the picture into README.md and docs/ (then run Prettier on them).
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CONTESTANTS, NAMES } from './apps/index.js'
import type { Name } from './apps/index.js'
import { chart } from './chart.js'
import { checkAll } from './checks.js'
import { fillPage } from './fill-page.js'
import { measureLoading } from './loading.js'
import { measureHeap, measureLiveSessions, measureRounds } from './measure.js'
import type { Effort } from './measure.js'
import { killAll } from './processes.js'
import { profileAll } from './profile.js'
import { profileTables, readmeSummary, summary, tables } from './report.js'
import type { Results } from './results.js'
import { setStage } from './stage.js'
import type { RunningApp, Stage } from './stage.js'

const FULL: Effort = {
  warmUp: 2_000,
  rounds: 13,
  turns: { login: 9, whole: 6, fresh: 9, refresh: 3 },
  operations: { login: 100, whole: 50, fresh: 100, refresh: 50 },
  loads: 15,
  heapLogins: [1_000, 10_000],
  liveSessions: [10, 1_000, 100_000],
}

/** Enough to see that everything works, and too little to tell anything by. */
const QUICK: Effort = {
  warmUp: 100,
  rounds: 5,
  turns: { login: 1, whole: 1, fresh: 1, refresh: 1 },
  operations: { login: 40, whole: 20, fresh: 40, refresh: 20 },
  loads: 3,
  heapLogins: [200, 1_000],
  liveSessions: [10, 1_000],
}

/** Whose heap is looked at, and what many sessions do to them. */
const WATCHED: readonly Name[] = ['bare', 'session', 'library', 'passport-oauth2']

const FOLDER = dirname(fileURLToPath(import.meta.url))
const REPOSITORY = dirname(FOLDER)

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    checks: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    heap: { type: 'string' },
    /** The names of the only ones to be compared, with commas. */
    only: { type: 'string', default: NAMES.join(',') },
    readme: { type: 'boolean', default: false },
    out: { type: 'string', default: FOLDER },
  },
})

const only = NAMES.filter((name) => options.only.split(',').includes(name))

function readEffort(): Effort {
  const effort = options.quick ? QUICK : FULL
  if (options.heap === undefined) return effort
  return { ...effort, heapLogins: [...effort.heapLogins, Number(options.heap)] }
}

async function run(stage: Stage): Promise<Results> {
  const startedAt = Date.now()
  const [loadAtStart = 0] = loadavg()
  const apps = await stage.startApps(only)
  const checks = await checkAll(apps, stage)
  const measured = options.checks ? {} : await measureAll(apps, stage)
  await Promise.all(apps.map((app) => app.stop()))
  return {
    date: new Date(startedAt).toISOString(),
    node: process.version,
    cpus: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    load: loadAtStart,
    seconds: (Date.now() - startedAt) / 1000,
    versions: versions(),
    checks,
    ...measured,
  }
}

async function measureAll(apps: readonly RunningApp[], stage: Stage) {
  const effort = readEffort()
  const watched = apps.filter(({ name }) => WATCHED.includes(name))
  const rounds = await measureRounds(apps, stage, effort)
  if (apps.length < NAMES.length) return { rounds }
  const liveSessions = await measureLiveSessions(watched, stage, effort)
  const heaps: Record<string, readonly number[]> = {}
  for (const name of WATCHED) heaps[name] = await measureHeap(name, stage, effort)
  const loading = await measureLoading(effort.loads)
  return { rounds, loading, liveSessions, heaps, heapLogins: effort.heapLogins }
}

function versions(): Record<string, string> {
  const names = only.flatMap((name) => CONTESTANTS[name].packages)
  return Object.fromEntries(
    names.map((name) => {
      const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
      return [name, (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version]
    }),
  )
}

function report(results: Results): void {
  writeFileSync(join(options.out, 'results.json'), `${JSON.stringify(results, null, 1)}\n`)
  console.log(tables(results))
  if (!options.readme || options.checks) return
  fillPage('README.md', readmeSummary(results))
  fillPage('docs/figures.md', summary(results))
  writeFileSync(join(REPOSITORY, 'docs', 'chart.svg'), chart(results))
}

process.once('exit', killAll)
const stage = await setStage()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stage.stop().finally(() => process.exit(1)))
}
try {
  if (options.profile) console.log(profileTables(await profileAll(stage, readEffort())))
  else report(await run(stage))
} finally {
  await stage.stop()
}
