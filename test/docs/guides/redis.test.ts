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
    const { issuer, clientID, clientSecret } = provider.options
    const environment = {
      REDIS_URL: redis.url,
      TOKEN_SECRET: 'a secret of 32 characters, at least',
      ISSUER: issuer,
      CLIENT_ID: clientID,
      CLIENT_SECRET: clientSecret,
    }
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
})

interface Served {
  readonly user: object
  readonly expiresAt: number
  readonly servedBy: number
}
