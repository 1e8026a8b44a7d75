import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it, jest } from '@jest/globals'
import { ConfigurationError, MemoryGrants } from '../../src/index.js'
import { advanceClock } from '../support/clock.js'
import { Browser } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { METADATA_PATH, setOutageScene } from '../support/outage-scene.js'
import { json } from '../support/scripted-provider.js'

const scene = setOutageScene()

const starts = (url: string, count: number): Promise<readonly { readonly status: number }[]> =>
  Promise.all(Array.from({ length: count }, () => new Browser().visit(url)))

describe('metadata that are read when they are needed', () => {
  it('are asked for once by a hundred people at the same time', async () => {
    const app = await scene.start()
    expect(scene.readings()).toBe(0)
    const pages = await starts(app.loginURL, 100)
    expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([302]))
    expect(scene.readings()).toBe(1)
  })

  it('are asked for once by a hundred people while that fails, and by nobody until the pause is over', async () => {
    scene.provider.on(METADATA_PATH, json({}, 500))
    const app = await scene.start()
    const statuses = async (): Promise<unknown> =>
      new Set((await starts(app.loginURL, 100)).map(({ status }) => status))
    let now = performance.now()
    jest.spyOn(performance, 'now').mockImplementation(() => now)
    expect([await statuses(), scene.readings()]).toEqual([new Set([502]), 1])
    expect([await statuses(), scene.readings()]).toEqual([new Set([502]), 1])
    now += 1_000
    expect([await statuses(), scene.readings()]).toEqual([new Set([502]), 2])
  })

  it('are not asked for before the provider wants to be asked', async () => {
    scene.provider.on(METADATA_PATH, json({}, 503, { 'retry-after': '120' }))
    const app = await scene.start()
    const browser = new Browser()
    expect((await browser.visit(app.loginURL)).status).toBe(503)
    expect(app.errors.at(-1)).toMatchObject({ httpStatus: 503, retryAfterMs: 120_000 })
    scene.publish()
    advanceClock(119)
    expect((await browser.visit(app.loginURL)).status).toBe(503)
    advanceClock(1)
    expect((await browser.visit(app.loginURL)).status).toBe(302)
  })

  it('of another issuer are not used, though only a slash is different', async () => {
    scene.publish({ issuer: `${scene.issuer}/` })
    const app = await scene.start()
    expect((await new Browser().visit(app.loginURL)).status).toBe(500)
    expect(app.errors).toEqual([expect.any(ConfigurationError)])
    expect(String(app.errors[0])).toContain(`those of '${scene.issuer}/'`)
    scene.publish({ issuer: 'https://somebody-else.example' })
    advanceClock(60)
    expect((await new Browser().visit(app.loginURL)).status).toBe(502)
    expect(String(app.errors[1])).toContain("names the issuer 'https://somebody-else.example'")
  })

  it('that do not go together with the options are an error of the developer’s, and are read again', async () => {
    scene.publish({ code_challenge_methods_supported: ['plain'] })
    const app = await scene.start()
    expect((await new Browser().visit(app.loginURL)).status).toBe(500)
    expect(app.errors).toMatchObject([{ code: 'ERR_CONFIGURATION', option: 'dangerouslyOmitPkce' }])
    scene.publish()
    advanceClock(60)
    expect((await new Browser().visit(app.loginURL)).status).toBe(302)
  })

  it('may come from a function of the application’s own', async () => {
    const app = await scene.start({
      metadata: () => ({
        authorizationURL: `${scene.issuer}/other-page`,
        tokenURL: `${scene.issuer}/token`,
      }),
    })
    const { location } = await new Browser().visit(app.loginURL)
    expect(location).toMatch(`${scene.issuer}/other-page?`)
    expect(scene.readings()).toBe(0)
  })

  it('say what the published keys of the client sign with', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    scene.publish({
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['RS256'],
    })
    const app = await scene.start({ clientSecret: undefined, privateKey })
    expect(await app.strategy.jwks()).toMatchObject({ keys: [{ alg: 'RS256' }] })
    await scene.port.close()
    const down = await scene.start({ clientSecret: undefined, privateKey })
    expect(await down.strategy.jwks()).toMatchObject({ keys: [{ alg: 'PS256' }] })
  })
})

describe('a refresh that needs metadata that cannot be read', () => {
  it.each([401, 429, 503])(
    'with HTTP %d refuses no grant, and makes nobody wait who can refresh',
    async (status) => {
      const grants = new MemoryGrants()
      const first = await scene.start({ grants })
      const browser = new Browser()
      await browser.follow(first.loginURL)
      const { user } = bodyOf(await browser.visit(`${first.origin}/private`))
      const { account } = user as { account: string }
      const second = await scene.start({ grants, callbackURL: first.callbackURL })
      advanceClock(7_200)
      const headers = { 'retry-after': '600' }
      scene.provider.on(METADATA_PATH, json({}, status, headers))
      await expect(second.strategy.accessToken({ account })).rejects.toMatchObject({
        code: 'ERR_DISCOVERY',
        httpStatus: status,
      })
      // This process does not try again for a second; the others do not wait at all.
      advanceClock(2)
      expect(await first.strategy.accessToken({ account })).toMatch(/^access-token/)
      expect(await second.strategy.accessToken({ account })).toMatch(/^access-token/)
      expect(scene.provider.requestsTo('/token')).toHaveLength(2)
    },
  )
})
