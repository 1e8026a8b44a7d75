import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import '../support/own-realm.js'
import { startExampleApp } from '../../example-app/server.js'
import type { ExampleApp } from '../../example-app/server.js'
import { startCommand } from '../support/command.js'
import type { RunningCommand } from '../support/command.js'
import { connectByForms, fingerprintIn, logInByForms } from '../support/example-app.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { createMovableClock } from '../support/movable-clock.js'
import type { MovableClock } from '../support/movable-clock.js'
import { startRedisProcess } from '../support/redis-process.js'
import type { RedisProcess } from '../support/redis-process.js'
import { describeWithRedis } from '../support/requirements.js'

const HOUR_MS = 3_600_000

jest.setTimeout(60_000)

describeWithRedis('the example app with Redis', (redisServer) => {
  let redis: RedisProcess

  beforeEach(async () => {
    redis = await startRedisProcess(redisServer)
  })
  afterEach(() => redis.close())

  describe('in one process', () => {
    let app: ExampleApp
    let browser: Browser
    const granted: string[] = []
    const errors: unknown[] = []

    beforeEach(async () => {
      granted.length = 0
      errors.length = 0
      browser = new Browser()
      app = await startExampleApp({
        redisURL: redis.url,
        authorizationServer: {
          onTokenRequest: ({ parameters }) => granted.push(String(parameters['grant_type'])),
        },
        onError: (error) => errors.push(error),
      })
    })
    afterEach(() => app.close())

    it('answers 503 while Redis is away, comes back by itself, and nobody has lost their login', async () => {
      const before = await logInByForms(browser, `${app.url}/auth/askara/login`)
      expect(before).toMatchObject({ status: 200, url: `${app.url}/askara` })

      await redis.kill()

      const away = await browser.visit(`${app.url}/askara`)
      expect(away.status).toBe(503)
      expect(away.text).toContain('We cannot remember you right now')
      const stranger = new Browser()
      expect((await stranger.visit(`${app.url}/auth/askara/login`)).status).toBe(503)
      expect((await new Browser().visit(app.url)).status).toBe(200)

      await redis.restart()

      const back = await visitUntilBack(browser, `${app.url}/askara`)
      expect(fingerprintIn(back)).toBe(fingerprintIn(before))
      expect(granted).toEqual(['authorization_code'])
      await browser.post(`${app.url}/askara/renew`)
      const renewed = await browser.visit(`${app.url}/askara`)
      expect(renewed.status).toBe(200)
      expect(fingerprintIn(renewed)).not.toBe(fingerprintIn(before))
      expect(granted).toEqual(['authorization_code', 'refresh_token'])
      await logInByForms(stranger, `${app.url}/auth/jiko/login`)
      expect((await stranger.visit(`${app.url}/jiko`)).status).toBe(200)
    })

    it('answers 503 within seconds while Redis hangs, and comes back by itself', async () => {
      await logInByForms(browser, `${app.url}/auth/askara/login`)
      redis.freeze()
      const visits = Array.from({ length: 10 }, () => browser.visit(`${app.url}/askara`))

      const pages = await Promise.all(visits)

      expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([503]))
      redis.thaw()
      await visitUntilBack(browser, `${app.url}/askara`)
      expect(granted).toEqual(['authorization_code'])
    })

    it('does not bring back a session that was logged out while a page of it was being made', async () => {
      await logInByForms(browser, `${app.url}/auth/askara/login`)
      const visits = Array.from({ length: 20 }, () => browser.visit(`${app.url}/askara`))

      await browser.post(`${app.url}/auth/askara/logout`)

      await Promise.all(visits)
      expect((await browser.visit(`${app.url}/askara`)).status).toBe(302)
      expect(errors).toEqual([])
    })
  })

  describe('as several processes', () => {
    let clock: MovableClock
    let command: RunningCommand | undefined

    beforeEach(async () => {
      clock = await createMovableClock()
    })
    afterEach(async () => {
      await command?.stop()
      command = undefined
      await clock.remove()
    })

    it('asks for new tokens once for twenty visits after the access token has expired', async () => {
      const { browser, running, url } = await startCluster()
      const before = await logInByForms(browser, `${url}/auth/askara/login`)
      expect(before).toMatchObject({ status: 200, url: `${url}/askara` })
      await clock.putForward(2 * HOUR_MS)

      const pages = await Promise.all(
        Array.from({ length: 20 }, () => browser.visit(`${url}/askara`)),
      )

      expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([200]))
      expect(new Set(pages.map(({ headers }) => headers.get('x-worker'))).size).toBe(2)
      expect(new Set(pages.map(fingerprintIn)).size).toBe(1)
      expect(pages.map(fingerprintIn)).not.toContain(fingerprintIn(before))

      const goodbye = await browser.post(`${url}/auth/askara/logout`)
      expect(goodbye).toMatchObject({ status: 303, location: `${url}/` })
      expect((await browser.visit(`${url}/askara`)).status).toBe(302)
      const output = await running.stop()
      expect(output.match(/token request with .*/g)).toEqual([
        'token request with authorization_code, 200',
        'token request with refresh_token, 200',
      ])
    })

    it('connects a server in one process, and calls it in all of them', async () => {
      const { browser, running, url } = await startCluster()
      await logInByForms(browser, `${url}/auth/askara/login`)
      const { text } = await browser.visit(`${url}/servers`)
      const [, resource = ''] = /value="(http:[^"]+)"/.exec(text) ?? []
      expect((await connectByForms(browser, url, resource)).url).toBe(`${url}/servers`)
      const form = { resource, tool: 'current_time' }
      await browser.post(`${url}/servers/every-night`, form)
      await clock.putForward(2 * HOUR_MS)

      const pages = await Promise.all(
        Array.from({ length: 12 }, () => browser.post(`${url}/servers/call`, form)),
      )

      expect(pages.filter((page) => !page.text.includes('current_time says'))).toEqual([])
      expect(new Set(pages.map(({ headers }) => headers.get('x-worker'))).size).toBe(2)
      await browser.post(`${url}/servers/run`)
      const night = await browser.visit(`${url}/servers`)
      expect(night.text).toContain('current_time: It is')
      expect((await running.stop()).match(/notes: token request with .*/g)).toEqual([
        'notes: token request with authorization_code, 200',
        'notes: token request with refresh_token, 200',
      ])
    })

    it('replaces workers that die, also while Redis is away, and nobody has lost their login', async () => {
      const { browser, running, url } = await startCluster()
      await logInByForms(browser, `${url}/auth/jiko/login`)

      await killWorker(running, 1)
      await running.printed(/worker 3: ready/)
      expect((await browser.visit(`${url}/jiko`)).status).toBe(200)

      await redis.kill()
      expect((await browser.visit(`${url}/jiko`)).status).toBe(503)
      await killWorker(running, 2)
      await running.printed(/worker 4: ended/)
      await redis.restart()

      await running.printed(/worker ([5-9]|\d\d): ready/)
      await visitUntilBack(browser, `${url}/jiko`)
      expect((await running.stop()).match(/token request with .*/g)).toEqual([
        'token request with authorization_code, 200',
      ])
    })

    it('does not start without REDIS_URL, and says so', async () => {
      command = startCommand('npm', ['run', 'start:cluster', '--ignore-scripts'], { REDIS_URL: '' })

      await command.printed(/The example app cannot start: .*set REDIS_URL/)

      expect(await command.stop()).not.toContain('The example app is at')
    })

    it('does not start without a Redis, and says so', async () => {
      await redis.kill()
      command = startCommand('npm', ['run', 'start:cluster', '--ignore-scripts'], {
        REDIS_URL: redis.url,
        SESSION_SECRET: GRANT_SECRET,
      })

      await command.printed(/The example app cannot start: .*ECONNREFUSED/)

      expect(await command.stop()).not.toContain('The example app is at')
    })

    async function startCluster() {
      command = startCommand('npm', ['run', 'start:cluster', '--ignore-scripts'], {
        ...clock.environment,
        PORT: '0',
        REDIS_URL: redis.url,
        SESSION_SECRET: GRANT_SECRET,
        WORKERS: '2',
      })
      const [, url = ''] = await command.printed(/The example app is at (\S+)/)
      return { browser: new Browser(), running: command, url }
    }
  })
})

/** Ends a worker of a cluster that we have started, as a crash does. */
async function killWorker(running: RunningCommand, id: number): Promise<void> {
  const [, pid] = await running.printed(new RegExp(`worker ${id}: ready as process (\\d+)`))
  process.kill(Number(pid), 'SIGKILL')
  await running.printed(new RegExp(`worker ${id}: ended`))
}

/** Visits a page again and again until it is there; the test's own time limit ends what never comes back. */
async function visitUntilBack(browser: Browser, url: string): Promise<Page> {
  let page = await browser.visit(url)
  while (page.status === 503) page = await browser.visit(url)
  expect(page.status).toBe(200)
  return page
}
