import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals'
import { startTestProvider } from '../../../src/testing.js'
import type { TestProvider } from '../../../src/testing.js'
import { appsIn, readGuide } from '../../support/documentation.js'
import { createGuideProject } from '../../support/guide-app.js'
import type { GuideProject } from '../../support/guide-app.js'
import { Browser } from '../../support/http.js'

jest.setTimeout(60_000)

let project: GuideProject
const providers: TestProvider[] = []

beforeAll(async () => {
  project = await createGuideProject()
})
afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.close()
})
afterAll(() => project.remove())

/** The settings of a tenant at a provider of its own. */
async function startTenant(sub: string): Promise<object> {
  const provider = await startTestProvider({ user: { sub, name: `Somebody at ${sub}` } })
  providers.push(provider)
  const { issuer, clientID, clientSecret } = provider.options
  return { issuer, clientID, clientSecret, changedAt: 1 }
}

it('the guide to many tenants has an app where each logs in at its own provider', async () => {
  const [app] = appsIn(await readGuide('docs/many-tenants.md'))
  const rows = { acme: await startTenant('ada'), globex: await startTenant('grace') }
  const { url } = await project.start(app, () => ({ TENANTS: JSON.stringify(rows) }))
  const browser = new Browser()

  const acme = await browser.follow(`${url}/acme/me`)
  expect([acme.url, JSON.parse(acme.text)]).toEqual([
    `${url}/acme/me`,
    {
      user: expect.objectContaining({ provider: 'tenant:acme', id: 'ada' }),
      expiresAt: expect.any(Number),
    },
  ])
  const other = await browser.visit(`${url}/globex/me`)
  expect(other.location).toBe(`${url}/globex/auth/login?return_to=%2Fglobex%2Fme`)
  const globex = await browser.follow(`${url}/globex/me`)
  expect(JSON.parse(globex.text)).toMatchObject({ user: { provider: 'tenant:globex' } })
  expect((await browser.visit(`${url}/initech/me`)).status).toBe(404)
})
