/**
 * Shows that nobody loses a login without cause: many browsers use one application while its processes are killed
 * and deployed, Redis or PostgreSQL is killed, Redis fails over, and the provider fails. Jobs use the
 * same grants without a browser. Exits with 1 when a promise is broken.
 *
 *     npm run bench:reliability -- --tokens redis --logins 1000 --seconds 120 --processes 4 --seed 1
 *     npm run bench:reliability -- --tokens postgres --lifetime account
 *     npm run bench:reliability -- --tokens session
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Browser, noSightings } from './browser.js'
import { killAll, startNeighbour } from './children.js'
import { deployProcesses, disturbPostgres, disturbRedis, killProcesses } from './disturbances.js'
import type { TokenPlace } from './grant-place.js'
import { doJob, work } from './jobs.js'
import { startPostgresServer } from './postgres-server.js'
import { startFleet } from './processes.js'
import { startProvider } from './provider.js'
import { between, createRandom } from './random.js'
import type { Random } from './random.js'
import { startRedisPair } from './redis-pair.js'
import { report } from './report.js'

/** What can be chosen on the command line. */
interface Options {
  /** Where the tokens are. In the sessions, there is one process, and no job can find them. */
  readonly tokens: TokenPlace
  /** Whether the tokens end with the login, or survive logging out. */
  readonly lifetime: 'login' | 'account'
  /** How many jobs are done at once, for people who are not there. */
  readonly jobs: number
  readonly logins: number
  /** How long the disturbances last; starting and the last look come on top. */
  readonly seconds: number
  readonly processes: number
  /** How many other programs keep a processor busy each. */
  readonly neighbours: number
  readonly seed: number
}

const ACCESS_TOKEN_SECONDS = 12
const FAILURE_RATE = 0.2

/** How long the application waits for the provider, in milliseconds. */
const TIMEOUT_MS = 3_000

/** Longer than the provider ever takes, in milliseconds. */
const GRACE_MS = 45_000

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      tokens: { type: 'string', default: 'redis' },
      lifetime: { type: 'string', default: 'login' },
      jobs: { type: 'string', default: '12' },
      logins: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '120' },
      processes: { type: 'string', default: '4' },
      neighbours: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
    },
  })
  const tokens = (['session', 'postgres'] as const).find((one) => one === values.tokens) ?? 'redis'
  return {
    tokens,
    lifetime: values.lifetime === 'account' ? 'account' : 'login',
    jobs: tokens === 'session' ? 0 : Number(values.jobs),
    logins: Number(values.logins),
    seconds: Number(values.seconds),
    processes: tokens === 'session' ? 1 : Number(values.processes),
    neighbours: Number(values.neighbours),
    seed: Number(values.seed),
  }
}

async function run(options: Options, folder: string): Promise<boolean> {
  const { tokens, lifetime, seconds } = options
  const startedAt = Date.now()
  const random = createRandom(options.seed)
  const fork = (): Random => createRandom(random() * 2 ** 32)
  const provider = await startProvider({
    random: fork(),
    accessTokenSeconds: ACCESS_TOKEN_SECONDS,
    timeoutMs: TIMEOUT_MS,
  })
  const redis = await startRedisPair(folder)
  const postgres = tokens === 'postgres' ? await startPostgresServer() : undefined
  const size = { processes: options.processes, hasJobs: options.jobs > 0 }
  const fleet = await startFleet(size, {
    tokens,
    lifetime,
    redisPort: redis.port,
    databaseURL: postgres?.url ?? '',
    providerOrigin: provider.origin,
    timeoutMs: TIMEOUT_MS,
    graceMs: GRACE_MS,
  })
  const seen = noSightings()
  const browsers = Array.from(
    { length: options.logins },
    (_, number) => new Browser(`person-${number + 1}`, fleet, seen, fork()),
  )

  provider.failureRate = FAILURE_RATE
  for (let started = 0; started < options.neighbours; started++) startNeighbour()
  const endsAt = Date.now() + seconds * 1000
  await Promise.all([
    ...browsers.map((browser) => live(browser, seconds, endsAt)),
    killProcesses(fleet, fork(), endsAt),
    deployProcesses(fleet, fork(), endsAt),
    postgres === undefined
      ? disturbRedis(redis, fork(), seconds, endsAt)
      : disturbPostgres(postgres, fork(), seconds, endsAt),
    ...Array.from({ length: options.jobs }, () => work(browsers, fork(), endsAt)),
  ])
  provider.failureRate = 0
  await lookAtAll(browsers, options.jobs > 0)
  const store = postgres ?? redis
  return report({ options, tokens, lifetime, startedAt, provider, store, fleet, seen })
}

/** A person who logs in early on, and comes by when the access token is fresh, due or over. */
async function live(browser: Browser, seconds: number, endsAt: number): Promise<void> {
  const { random } = browser
  await sleep(between(random, 0, seconds * 400))
  await browser.logIn()
  for (;;) {
    const pauseMs = between(random, 1_000, ACCESS_TOKEN_SECONDS * 2_000)
    if (Date.now() + pauseMs > endsAt) return
    await sleep(pauseMs)
    await browser.makeWave()
  }
}

/** In calm weather everybody who has not been told otherwise must be logged in, and stay so, also for a job. */
async function lookAtAll(browsers: readonly Browser[], hasJobs: boolean): Promise<void> {
  const left = [...browsers]
  const look = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      await next.renew()
      if (hasJobs) await doJob(next, next.random, true)
    }
  }
  await Promise.all(Array.from({ length: 50 }, look))
}

const folder = mkdtempSync(join(tmpdir(), 'reliability-'))
process.once('exit', () => {
  killAll()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
process.exit((await run(readOptions(), folder)) ? 0 : 1)
