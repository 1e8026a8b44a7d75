import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { findFreePort } from '../support/child-process.js'
import { appsIn, readGuide } from '../support/documentation.js'
import { createGuideProject } from '../support/guide-app.js'
import type { GuideProject } from '../support/guide-app.js'
import { Browser } from '../support/http.js'
import { advanceClock } from '../support/clock.js'
import { createMovableClock } from '../support/movable-clock.js'
import type { MovableClock } from '../support/movable-clock.js'
import { startRedisProcess } from '../support/redis-process.js'
import type { RedisProcess } from '../support/redis-process.js'
import { refreshesAt } from '../support/refreshes.js'
import { describeWithRedis } from '../support/requirements.js'
import { toJavaScript } from '../support/to-javascript.js'
import { until } from '../support/until.js'

const HOUR_MS = 3_600_000
const PEOPLE = 8
const SLOW_MS = 3_000

const [guide] = appsIn(await readGuide('docs/graceful-stop.md'))
const GUIDE = guide?.code ?? ''
const WAITING = 'await strategy.idle({ timeoutMs: 10_000 })'

/** A process of the app of the guide. */
interface StoppableApp {
  readonly url: string
  /** Sends SIGTERM. Resolves to the exit code. */
  stop(): Promise<number>
}

jest.setTimeout(60_000)

describeWithRedis('an app that is stopped while the provider is slow to refresh', (redisServer) => {
  let redis: RedisProcess
  let provider: TestProvider
  let clock: MovableClock
  let project: GuideProject
  let browsers: readonly Browser[]
  let port: number
  const running = new Set<ReturnType<typeof spawn>>()

  beforeEach(async () => {
    redis = await startRedisProcess(redisServer)
    port = await findFreePort()
    provider = await startTestProvider({ refreshTokens: 'rotate' })
    clock = await createMovableClock()
    project = await createGuideProject()
    browsers = Array.from({ length: PEOPLE }, () => new Browser())
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    for (const child of running) child.kill('SIGKILL')
    running.clear()
    await project.remove()
    await clock.remove()
    await provider.close()
    await redis.close()
  })

  it('loses no login, and answers every request', async () => {
    const { code, statuses } = await stopUnderLoad(GUIDE)

    expect(code).toBe(0)
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(await visitNextDay(GUIDE)).toEqual(browsers.map(() => 200))
    expect(provider.reused).toEqual([])
  })

  it('loses no login whose tokens are in the session', async () => {
    const code = inSession(GUIDE)

    await stopUnderLoad(code)

    expect(await visitNextDay(code)).toEqual(browsers.map(() => 200))
    expect(provider.reused).toEqual([])
  })

  it('loses logins if it does not wait for the refreshes', async () => {
    expect(GUIDE).toContain(WAITING)
    const code = GUIDE.replace(WAITING, '0')

    const { statuses } = await stopUnderLoad(code)

    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(await visitNextDay(code)).not.toContain(200)
    expect(provider.reused).toHaveLength(PEOPLE)
  })

  /** Logs people in, lets their tokens become due, and stops the app while they load pages. */
  async function stopUnderLoad(
    code: string,
  ): Promise<{ readonly code: number; readonly statuses: readonly number[] }> {
    const app = await start(code)
    for (const browser of browsers) {
      expect(await browser.follow(`${app.url}/orders`)).toMatchObject({ status: 200 })
    }
    provider.fail('token', { slowMs: SLOW_MS }, PEOPLE)
    // Due, but valid for another 30 seconds: the refreshes run in the background.
    await clock.putForward(HOUR_MS - 30_000)
    // The provider is in this process, and signs with its time.
    advanceClock(3_570)
    const statuses: number[] = []
    const visits = browsers.map((browser) => visitUntilClosed(browser, app.url, statuses))
    await until(() => refreshes() === PEOPLE)

    const exitCode = await app.stop()

    await Promise.all(visits)
    expect(refreshes()).toBe(PEOPLE)
    return { code: exitCode, statuses }
  }

  /** Another process serves the same people when all access tokens from before have expired. */
  async function visitNextDay(code: string): Promise<readonly number[]> {
    // Its refreshes are slow by timers of this process. They are over before a timer that is set after them.
    await setTimeout(SLOW_MS)
    await clock.putForward(24 * HOUR_MS)
    // The provider is in this process, and signs with its time.
    advanceClock(24 * 3_600 - 3_570)
    const { url } = await start(code)
    const pages = await Promise.all(browsers.map((browser) => browser.visit(`${url}/orders`)))
    return pages.map(({ status }) => status)
  }

  const refreshes = (): number => refreshesAt(provider)

  async function start(code: string): Promise<StoppableApp> {
    const url = `http://localhost:${port}`
    const { issuer, clientID, clientSecret, profileURL } = provider.options
    const file = await project.write('app.mjs', toJavaScript(code))
    const child = spawn(process.execPath, [file], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        PATH: process.env['PATH'],
        ...clock.environment,
        API_URL: profileURL,
        APP_URL: url,
        CLIENT_ID: clientID,
        CLIENT_SECRET: clientSecret,
        GRANT_SECRET: 'a secret of 32 characters, at least',
        ISSUER: issuer,
        PORT: String(port),
        REDIS_URL: redis.url,
        SESSION_SECRET: 'a secret of a test',
      },
    })
    running.add(child)
    const ended = once(child, 'exit')
    await Promise.race([
      once(child.stdout, 'data'),
      ended.then(() => Promise.reject(new Error('The app ended before it was ready'))),
    ])
    return {
      url,
      async stop() {
        child.kill('SIGTERM')
        const [code] = (await ended) as [number]
        return code
      },
    }
  }
})

/** The same app with its tokens in the sessions, which are in Redis. */
function inSession(code: string): string {
  return code.replace('\n  grants,\n', '\n').replace('{ grants }', '{}')
}

/** Loads pages one after the other until the app accepts no more connections. */
async function visitUntilClosed(browser: Browser, url: string, statuses: number[]): Promise<void> {
  for (;;) {
    try {
      statuses.push((await browser.visit(`${url}/orders`)).status)
    } catch {
      return
    }
  }
}
