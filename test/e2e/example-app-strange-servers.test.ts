import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import '../support/own-realm.js'
import { startExampleApp } from '../../example-app/server.js'
import type { ExampleApp } from '../../example-app/server.js'
import { connectByForms, logInByForms } from '../support/example-app.js'
import { HOSTILE, startHostileServer } from '../support/hostile-mcp-server.js'
import { hiddenFieldsIn } from '../support/hidden-fields.js'
import { Browser } from '../support/http.js'

jest.setTimeout(60_000)

describe('the example app’s servers', () => {
  let app: ExampleApp
  let browser: Browser
  const errors: unknown[] = []

  beforeEach(() => {
    errors.length = 0
    browser = new Browser()
  })
  afterEach(() => app.close())

  async function startAndLogIn(provider: 'askara' | 'jiko' = 'askara'): Promise<void> {
    app = await startExampleApp({ onError: (error) => errors.push(error) })
    await logInByForms(browser, `${app.url}/auth/${provider}/login`)
  }

  const connectPath = (resource: string): string =>
    `${app.url}/connect/login?${new URLSearchParams({ resource }).toString()}`

  it('are told from markup, whatever they call themselves and their tools', async () => {
    const hostile = await startHostileServer()
    try {
      await startAndLogIn()
      const { address: resource } = hostile
      const question = await browser.visit(connectPath(resource))
      const { location = '' } = await browser.post(question.url, hiddenFieldsIn(question.text))
      const list = await browser.follow(location)
      expect(list).toMatchObject({ status: 200, url: `${app.url}/servers` })
      const query = new URLSearchParams({ resource }).toString()
      const tools = await browser.visit(`${app.url}/servers/tools?${query}`)
      const own = { resource, tool: HOSTILE, [`text.${HOSTILE}`]: HOSTILE }
      const result = await browser.post(`${app.url}/servers/call`, own)
      await browser.post(`${app.url}/servers/every-night`, own)
      await browser.post(`${app.url}/servers/run`)
      const night = await browser.visit(`${app.url}/servers`)

      const pages = [question, list, tools, result, night].map(({ text }) => text)
      // On each page it is there, and on none it is markup.
      expect(pages.filter((text) => !text.includes('onerror=alert(1)'))).toEqual([])
      expect(pages.join('')).not.toMatch(/<script|<img src=x|<b>/)
      expect(result.text).toContain('Result &quot;')
      expect(night.text).toContain('Result &quot;')
    } finally {
      await hostile.close()
    }
  })

  it.each(['call', 'every-night', 'run', 'disconnect'])(
    'refuse the form for %s from another site',
    async (form) => {
      await startAndLogIn()
      const headers = { 'sec-fetch-site': 'cross-site' }
      const page = await browser.request(`${app.url}/servers/${form}`, { method: 'POST', headers })
      expect(page.status).toBe(403)
      expect(page.text).toContain('This request came from another site')
    },
  )

  it('are for people whose provider says who they are', async () => {
    await startAndLogIn('jiko')
    const page = await browser.follow(connectPath(addressOf(app)))
    expect(page).toMatchObject({ status: 200, url: `${app.url}/servers` })
    expect(page.text).toContain('Your provider does not say who you are')
    expect(page.text).not.toContain('<form action="/connect/login"')
    expect((await browser.post(`${app.url}/servers/run`)).location).toBe(`${app.url}/servers`)
    expect(errors).toEqual([])
  })

  it('ask for a login first', async () => {
    app = await startExampleApp()
    const login = `${app.url}/askara/login?return_to=`
    const { location } = await browser.visit(`${app.url}/servers`)
    expect(location).toBe(`${login}%2Fservers`)
    const connect = await browser.visit(connectPath(addressOf(app)))
    expect(connect.location).toContain(`${login}%2Fconnect%2Flogin`)
  })

  it('can be disconnected when they are gone, and their page says that they are', async () => {
    await startAndLogIn()
    const resource = addressOf(app)
    await connectByForms(browser, app.url, resource)
    await app.authorizationServer?.close()

    const query = new URLSearchParams({ resource }).toString()
    const tools = await browser.visit(`${app.url}/servers/tools?${query}`)
    expect(tools.status).toBe(502)
    expect(tools.text).toContain('The tools cannot be listed')
    const other = await browser.visit(connectPath(`${resource}/other`))
    expect(other.text).toContain('This server is out of reach')

    await browser.post(`${app.url}/servers/disconnect`, { resource })
    expect((await browser.visit(`${app.url}/servers`)).text).not.toContain('Example Notes')
  })

  it('are none of this machine in production, where the one of this example is not offered', async () => {
    const { NODE_ENV } = process.env
    process.env['NODE_ENV'] = 'production'
    try {
      await startAndLogIn()
    } finally {
      process.env['NODE_ENV'] = NODE_ENV
    }
    expect((await browser.visit(`${app.url}/servers`)).text).not.toContain(addressOf(app))
    const plain = await browser.visit(connectPath(addressOf(app)))
    expect(plain.status).toBe(422)
    expect(plain.text).toContain('The address must be HTTPS.')
    const local = await browser.visit(connectPath('https://127.0.0.1:8443/mcp'))
    expect(local.text).toContain('is not an address on the public internet')
    expect(errors).toEqual([])
  })
})

function addressOf({ authorizationServer }: ExampleApp): string {
  return authorizationServer?.tenants.notes.resource ?? ''
}
