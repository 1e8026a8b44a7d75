import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { startTestProvider } from '../../../src/testing.js'
import type { TestProvider } from '../../../src/testing.js'
import { appsIn, readGuide } from '../../support/documentation.js'
import { createGuideProject } from '../../support/guide-app.js'
import type { GuideProject } from '../../support/guide-app.js'
import { Browser } from '../../support/http.js'
import { startRedisProcess } from '../../support/redis-process.js'
import type { RedisProcess } from '../../support/redis-process.js'
import { describeWithRedis } from '../../support/requirements.js'
import { startSilentProxy } from '../../support/silent-proxy.js'

jest.setTimeout(60_000)

describeWithRedis('the app of the guide to several processes', (redisServer) => {
  let redis: RedisProcess
  let project: GuideProject
  let provider: TestProvider

  beforeAll(async () => {
    redis = await startRedisProcess(redisServer)
    project = await createGuideProject()
    provider = await startTestProvider()
  })
  afterAll(async () => {
    await project.remove()
    await provider.close()
    await redis.close()
  })

  it('is one app in two processes', async () => {
    const [app] = appsIn(await readGuide('docs/redis-and-several-processes.md'))
    const environment = environmentWith(redis.url)
    const first = await project.start(app, () => environment)
    const second = await project.start(app, () => ({ ...environment, APP_URL: first.url }))
    const browser = new Browser()

    const atFirst = await browser.follow(`${first.url}/me`)
    expect(atFirst.url).toBe(`${first.url}/me`)
    // A browser keeps its cookies for each host, whatever the port.
    for (const [name, value] of browser.cookies(first.url)) {
      browser.setCookie(second.url, name, value)
    }
    const atSecond = await browser.visit(`${second.url}/me`)

    const [one, other] = [atFirst, atSecond].map(({ text }) => JSON.parse(text) as Served)
    expect(one).toMatchObject({ user: { id: 'ada' }, expiresAt: expect.any(Number) })
    expect(other).toMatchObject({ user: one?.user, expiresAt: one?.expiresAt })
    expect(other?.servedBy).not.toBe(one?.servedBy)
    expect(provider.requestsTo('token')).toHaveLength(1)

    await browser.post(`${second.url}/auth/logout`)
    expect((await browser.visit(`${first.url}/me`)).status).toBe(302)
  })

  it('answers within seconds while the packets to Redis are dropped, and goes on when they arrive', async () => {
    const [app] = appsIn(await readGuide('docs/redis-and-several-processes.md'))
    const proxy = await startSilentProxy(Number(new URL(redis.url).port))
    const environment = environmentWith(`redis://127.0.0.1:${proxy.port}`)
    const { url } = await project.start(app, () => environment)
    const browser = new Browser()
    expect(await browser.follow(`${url}/me`)).toMatchObject({ status: 200 })

    proxy.silence()
    const startedAt = performance.now()
    const away = await Promise.all(Array.from({ length: 20 }, () => browser.visit(`${url}/me`)))
    const tookMs = performance.now() - startedAt
    proxy.speak()

    expect(away.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 503))
    expect(tookMs).toBeLessThan(10_000)
    let back = await browser.visit(`${url}/me`)
    while (back.status === 503) back = await browser.visit(`${url}/me`)
    expect(back.status).toBe(200)
    await proxy.close()
  })

  function environmentWith(redisURL: string): Readonly<Record<string, string>> {
    const { issuer, clientID, clientSecret } = provider.options
    return {
      REDIS_URL: redisURL,
      GRANT_SECRET: 'a secret of 32 characters, at least',
      ISSUER: issuer,
      CLIENT_ID: clientID,
      CLIENT_SECRET: clientSecret,
    }
  }
})

interface Served {
  readonly user: object
  readonly expiresAt: number
  readonly servedBy: number
}
