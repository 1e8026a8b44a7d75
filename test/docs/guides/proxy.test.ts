import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals'
import { startTestProvider } from '../../../src/testing.js'
import type { TestProvider } from '../../../src/testing.js'
import { createCertificate } from '../../support/certificates.js'
import { startChromium } from '../../support/chromium.js'
import type { Chromium } from '../../support/chromium.js'
import { appsIn, readGuide } from '../../support/documentation.js'
import { createGuideProject } from '../../support/guide-app.js'
import type { GuideProject } from '../../support/guide-app.js'
import { stop } from '../../support/http.js'
import type { RunningServer } from '../../support/http.js'
import { describeWithChromium } from '../../support/requirements.js'

jest.setTimeout(60_000)

describeWithChromium('the app of the guide to proxies', (executable) => {
  let chromium: Chromium
  let project: GuideProject
  let provider: TestProvider
  let proxy: RunningServer | undefined

  beforeAll(async () => {
    chromium = await startChromium(executable)
    project = await createGuideProject()
    provider = await startTestProvider()
  })
  afterEach(async () => {
    await chromium.empty()
    await proxy?.close()
  })
  afterAll(async () => {
    await chromium.close()
    await project.remove()
    await provider.close()
  })

  it('logs people in over HTTPS, though it speaks HTTP itself', async () => {
    const url = await start((code) => code)
    const { page } = await chromium.arrive({ ignoreHTTPSErrors: true })

    await page.goto(`${url}/me`)

    expect(page.url()).toBe(`${url}/me`)
    expect(await page.locator('body').innerText()).toContain('"id":"ada"')
    const cookies = await page.context().cookies()
    expect(cookies.map(({ name, secure }) => [name, secure])).toEqual([['__Host-sid', true]])
  })

  it('says what is missing when it does not trust the proxy', async () => {
    const url = await start((code) => code.replace(/^app\.set\('trust proxy'.*$/m, ''))
    const { page } = await chromium.arrive({ ignoreHTTPSErrors: true })

    await page.goto(`${url}/me`)

    expect(new URL(page.url()).pathname).toBe('/auth/callback')
    expect(await page.locator('body').innerText()).toContain('set app.set("trust proxy", 1)')
  })

  /** Starts the app and a proxy before it, and returns the proxy's address. */
  async function start(change: (code: string) => string): Promise<string> {
    const [app] = appsIn(await readGuide('docs/behind-a-proxy.md'))
    if (app === undefined) throw new Error('The guide has no app.')
    const code = change(app.code)
    let url = ''
    await project.start({ ...app, code }, async ({ port }) => {
      proxy = await startProxy(port)
      url = proxy.origin
      const { issuer, clientID, clientSecret } = provider.options
      return { APP_URL: url, ISSUER: issuer, CLIENT_ID: clientID, CLIENT_SECRET: clientSecret }
    })
    return url
  }
})

/** Speaks HTTPS to the browser and HTTP to an app at this port, as the guide's nginx does. */
async function startProxy(port: number): Promise<RunningServer> {
  const server = createServer(await createCertificate(), (req, res) => {
    const headers = { ...req.headers, 'x-forwarded-proto': 'https' }
    const { method, url: path } = req
    const onward = request({ host: 'localhost', port, method, path, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    onward.on('error', () => res.destroy())
    req.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, close: () => stop(server) }
}
