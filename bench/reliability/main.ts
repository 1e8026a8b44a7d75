/**
 * Shows that nobody loses a login without cause: many browsers use one application of several processes
 * while these are killed, Redis is killed, and the provider fails. Exits with 1 when a promise is broken.
 *
 *     npm run bench:reliability -- --logins 1000 --seconds 120 --processes 4 --seed 1
 *     npm run bench:reliability -- --tokens session
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Browser, noSightings } from './browser.js'
import { killAll, startFleet, startRedis } from './processes.js'
import type { Fleet, RedisServer } from './processes.js'
import { startProvider } from './provider.js'
import { between, createRandom } from './random.js'
import type { Random } from './random.js'
import { report } from './report.js'

/** What can be chosen on the command line. */
interface Options {
  readonly logins: number
  /** How long the disturbances last; starting and the last look come on top. */
  readonly seconds: number
  readonly processes: number
  readonly seed: number
  /** Where the tokens are. In the sessions, there is one process. */
  readonly tokens: 'session' | 'redis'
}

const ACCESS_TOKEN_SECONDS = 12
const FAILURE_RATE = 0.2

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      logins: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '120' },
      processes: { type: 'string', default: '4' },
      seed: { type: 'string', default: '1' },
      tokens: { type: 'string', default: 'redis' },
    },
  })
  const tokens = values.tokens === 'session' ? 'session' : 'redis'
  return {
    tokens,
    logins: Number(values.logins),
    seconds: Number(values.seconds),
    processes: tokens === 'session' ? 1 : Number(values.processes),
    seed: Number(values.seed),
  }
}

async function run(options: Options, folder: string): Promise<boolean> {
  const startedAt = Date.now()
  const random = createRandom(options.seed)
  const fork = (): Random => createRandom(random() * 2 ** 32)
  const provider = await startProvider({ random: fork(), accessTokenSeconds: ACCESS_TOKEN_SECONDS })
  const redis = await startRedis(folder)
  const { tokens } = options
  const app = { redisPort: redis.port, providerOrigin: provider.origin, tokens }
  const fleet = await startFleet(options.processes, app)
  const seen = noSightings()
  const browsers = Array.from(
    { length: options.logins },
    (_, number) => new Browser(`person-${number + 1}`, fleet, seen, fork()),
  )

  provider.failureRate = FAILURE_RATE
  const endsAt = Date.now() + options.seconds * 1000
  await Promise.all([
    ...browsers.map((browser) => live(browser, options.seconds, endsAt)),
    killProcesses(fleet, fork(), endsAt),
    restartRedis(redis, fork(), options.seconds, endsAt),
  ])
  provider.failureRate = 0
  await lookAtAll(browsers)
  return report({ options, startedAt, provider, redis, fleet, seen })
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

async function killProcesses(fleet: Fleet, random: Random, endsAt: number): Promise<void> {
  for (;;) {
    // Where there is only one, nobody is there until the next has started.
    const pauseMs =
      fleet.origins.length > 1 ? between(random, 1_000, 5_000) : between(random, 8_000, 20_000)
    if (Date.now() + pauseMs > endsAt) return
    await sleep(pauseMs)
    const signal = random() < 0.5 ? 'SIGKILL' : 'SIGTERM'
    await fleet.replace(Math.floor(random() * fleet.origins.length), signal)
  }
}

async function restartRedis(
  redis: RedisServer,
  random: Random,
  seconds: number,
  endsAt: number,
): Promise<void> {
  for (;;) {
    const pauseMs = between(random, seconds * 80, seconds * 200)
    if (Date.now() + pauseMs > endsAt) return
    await sleep(pauseMs)
    await redis.restart(between(random, 100, 2_500))
  }
}

/** In calm weather everybody who has not been told otherwise must be logged in, and stay so. */
async function lookAtAll(browsers: readonly Browser[]): Promise<void> {
  const left = [...browsers]
  const look = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await next.renew()
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
