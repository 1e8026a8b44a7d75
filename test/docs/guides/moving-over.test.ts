import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import '../../support/own-realm.js'
import { startChromium } from '../../support/chromium.js'
import type { Chromium } from '../../support/chromium.js'
import { appsIn, readGuide } from '../../support/documentation.js'
import { clickThrough, finishLogin } from '../../support/example-app.js'
import { createGuideProject } from '../../support/guide-app.js'
import type { GuideProject } from '../../support/guide-app.js'
import { createMovableClock } from '../../support/movable-clock.js'
import type { MovableClock } from '../../support/movable-clock.js'
import { ACCESS_TOKEN_SECONDS, startOpenIdServer } from '../../support/openid-server.js'
import type { OpenIdServer } from '../../support/openid-server.js'
import { describeWithChromium } from '../../support/requirements.js'

jest.setTimeout(60_000)

const PEERS = ['passport-oauth2', 'openid-client', 'express-openid-connect']

describeWithChromium('an app that moves over', (executable) => {
  let chromium: Chromium
  let project: GuideProject
  let clock: MovableClock
  let provider: OpenIdServer | undefined

  beforeAll(async () => {
    chromium = await startChromium(executable)
    project = await createGuideProject()
    clock = await createMovableClock()
  })
  afterEach(async () => {
    await chromium.empty()
    await clock.putForward(0)
    await provider?.close()
  })
  afterAll(async () => {
    await chromium.close()
    await project.remove()
    await clock.remove()
  })

  describe.each(PEERS)('from %s', (peer) => {
    it.each([
      ['before', 0],
      ['after', 1],
    ])('%s: lets a person log in, stay, get new tokens, and log out', async (_when, index) => {
      const { url, asked } = await start(peer, index)
      const { page } = await chromium.arrive()

      await page.goto(`${url}/me`)
      expect(new URL(page.url()).origin).toBe(asked.origin)
      await finishLogin(page, 'Grace Hopper')
      await page.waitForURL(`${url}/me`)
      await expectGrace()
      await page.reload()
      await expectGrace()
      expect(asked.tokenRequests).toEqual(['authorization_code'])

      await clock.putForward((ACCESS_TOKEN_SECONDS + 60) * 1000)
      await page.reload()
      await expectGrace()
      expect(asked.tokenRequests).toEqual(['authorization_code', 'refresh_token'])

      await page.goto(url)
      await clickThrough(page.getByText('Log out'))
      await page.waitForURL(`${url}/`)
      await page.goto(`${url}/me`)
      expect(new URL(page.url()).origin).toBe(asked.origin)

      async function expectGrace(): Promise<void> {
        const shown = JSON.parse(await page.locator('body').innerText()) as { fromTheAPI: unknown }
        const { fromTheAPI, ...who } = shown
        expect(JSON.stringify(who)).toContain('"Grace Hopper"')
        expect(fromTheAPI).toEqual({ sub: 'Grace Hopper', name: 'Grace Hopper' })
      }
    })
  })

  /** Runs an app of the peer's guide, and the provider that it asks. */
  async function start(peer: string, index: number): Promise<{ url: string; asked: OpenIdServer }> {
    const apps = appsIn(await readGuide(`docs/moving-over/from-${peer}.md`))
    expect(apps.map(({ language }) => language)).toEqual(['js', 'ts'])
    const { url } = await project.start(apps[index], async (app) => {
      provider = await startOpenIdServer(`${app.url}/callback`)
      return {
        ...clock.environment,
        ISSUER: provider.origin,
        CLIENT_ID: provider.clientID,
        CLIENT_SECRET: provider.clientSecret,
        API_URL: provider.userInfoURL,
      }
    })
    if (provider === undefined) throw new Error('There is no provider.')
    return { url, asked: provider }
  }
})
