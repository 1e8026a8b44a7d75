import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { startTestProvider } from '../../../src/testing.js'
import type { TestProvider } from '../../../src/testing.js'
import { startConnectableServer } from '../../support/connectable-server.js'
import type { ConnectableServer } from '../../support/connectable-server.js'
import { appsIn, readGuide } from '../../support/documentation.js'
import { createGuideProject } from '../../support/guide-app.js'
import type { GuideProject } from '../../support/guide-app.js'
import { hiddenFieldsIn } from '../../support/hidden-fields.js'
import { Browser } from '../../support/http.js'

jest.setTimeout(60_000)

let project: GuideProject
let provider: TestProvider
let server: ConnectableServer
beforeAll(async () => {
  project = await createGuideProject()
  provider = await startTestProvider({ user: { sub: 'ada', name: 'Ada' } })
  server = await startConnectableServer()
})
afterAll(() => Promise.all([project.remove(), provider.close(), server.close()]))

it('the guide to connecting resources has an app in which a person connects a server and calls it', async () => {
  const [app] = appsIn(await readGuide('docs/connecting-resources.md'))
  const { issuer, clientID, clientSecret } = provider.options
  const { url } = await project.start(app, () => ({
    ISSUER: issuer,
    CLIENT_ID: clientID,
    CLIENT_SECRET: clientSecret,
  }))
  const browser = new Browser()
  const query = new URLSearchParams({ resource: server.address }).toString()
  const connectURL = `${url}/connect/login?${query}`

  // Whoever is not logged in logs in first, and comes back to the page that asks.
  const asked = await browser.follow(connectURL)
  expect(asked.url).toBe(connectURL)
  expect(asked.text).toContain('You are logged in to this application as Ada.')
  const sent = await browser.post(connectURL, hiddenFieldsIn(asked.text))
  const end = await browser.follow(sent.location ?? '')
  expect([end.url, end.text]).toEqual([`${url}/servers`, server.address])

  const call = new URLSearchParams({ address: `${server.address}/tools` }).toString()
  const answer = await browser.follow(`${url}/call?${call}`)
  expect(JSON.parse(answer.text)).toMatchObject({ path: '/api/tools' })

  // A call to what is not connected leads to the page that asks.
  server.forgetTokens()
  await browser.post(`${url}/connect/disconnect`, { resource: server.address })
  expect((await browser.follow(`${url}/call?${call}`)).url).toContain('/connect/login?')
})
