import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals'
import express from 'express'
import helmet from 'helmet'
import type { TestApp } from '../support/app.js'
import { startChromium } from '../support/chromium.js'
import type { Chromium, Person } from '../support/chromium.js'
import { clickThrough } from '../support/example-app.js'
import { listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'
import { speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { describeWithChromium } from '../support/requirements.js'
import { setScene } from '../support/scene.js'

jest.setTimeout(60_000)

type Queries = Record<string, string | undefined>

const scene = setScene()

describeWithChromium('logging out in a real browser, under helmet’s defaults', (executable) => {
  let chromium: Chromium
  /** The logout pages of the provider, on another origin than the application. */
  let desk: RunningServer
  /** What the logout page does. */
  let leave: express.RequestHandler
  let provider: OpenIdProvider
  let person: Person
  let app: TestApp

  beforeAll(async () => {
    chromium = await startChromium(executable)
    const pages = express()
    pages.get('/end-session', (req, res, next) => {
      leave(req, res, next)
    })
    desk = await listen(pages)
  })
  beforeEach(async () => {
    await chromium.empty()
    person = await chromium.arrive()
    provider = await speakOpenId(scene.provider)
    leave = (req, res) => {
      const { post_logout_redirect_uri: back = '', state = '' } = req.query as Queries
      res.redirect(`${back.replace('http://127.0.0.1', app.origin)}?state=${state}`)
    }
  })
  afterAll(async () => {
    await chromium.close()
    await desk.close()
  })

  /** The same server under another name: to browsers, another site. */
  const elsewhere = ({ origin }: RunningServer): string => origin.replace('127.0.0.1', 'localhost')

  async function startLoggedIn(): Promise<void> {
    app = await scene.start({
      router: { logoutRedirect: '/bye' },
      strategy: {
        ...provider.options,
        endSessionURL: `${elsewhere(desk)}/end-session`,
        // The port is not known yet.
        postLogoutRedirectURL: 'http://127.0.0.1/auth/logged-out',
        frontchannelLogout: true,
      },
      routes: (one) => {
        one.use(helmet())
        one.get('/bye', (_req, res) => res.send('<p>Bye</p>'))
        one.get('/menu', (_req, res) => {
          const form = '<form method="post" action="/auth/logout?return_to=/menu">'
          res.send(`<p>Menu</p>${form}<button>Log out</button></form>`)
        })
      },
    })
    await person.page.goto(app.loginURL)
    await person.page.goto(`${app.origin}/menu`)
    expect(await isLoggedIn()).toBe(true)
  }

  async function isLoggedIn(): Promise<boolean> {
    const tab = await person.openTab()
    await tab.goto(`${app.origin}/`)
    const text = await tab.innerText('body')
    await tab.close()
    return !text.includes('null')
  }

  const clickLogOut = (): Promise<void> => clickThrough(person.page.getByText('Log out'))

  /** What the browser forbids. It complains about a missing favicon too. */
  const forbidden = (): string[] => person.complaints.filter((one) => !one.includes('404'))

  it('leads to the provider and back to where the person wanted to go', async () => {
    await startLoggedIn()
    const visited: string[] = []
    person.page.on('framenavigated', (frame) => visited.push(new URL(frame.url()).pathname))
    await clickLogOut()
    await person.page.waitForURL(`${app.origin}/menu`)
    expect(visited.slice(0, 1)).toEqual(['/auth/logout'])
    expect(visited.at(-1)).toBe('/menu')
    expect(await isLoggedIn()).toBe(false)
    expect(forbidden()).toEqual([])
  })

  it('ends on the same page however often the way back is reloaded', async () => {
    await startLoggedIn()
    await clickLogOut()
    await person.page.waitForURL(`${app.origin}/menu`)
    await person.page.goto(`${app.origin}/auth/logged-out?state=of-an-hour-ago`)
    expect(new URL(person.page.url()).pathname).toBe('/bye')
  })

  it('leads to the provider by a second click, when the first has not been answered', async () => {
    await startLoggedIn()
    await person.page.evaluate(`
      const form = document.querySelector('form')
      form.submit()
      setTimeout(() => form.submit())
    `)
    await person.page.waitForURL(`${app.origin}/menu`, { waitUntil: 'load' })
    expect(await isLoggedIn()).toBe(false)
  })

  it('has logged out here when the provider never answers, and in the other tab as well', async () => {
    await startLoggedIn()
    const second = await person.openTab()
    await second.goto(`${app.origin}/menu`)
    const arrived = new Promise<void>((resolve) => {
      leave = () => resolve()
    })
    // Not `clickLogOut`: a click waits for the page that it leads to, and that one never comes.
    await person.page.getByText('Log out').click({ noWaitAfter: true })
    await arrived
    expect(await isLoggedIn()).toBe(false)

    // The second tab is sent to the provider as well, which answers now.
    leave = (_req, res) => res.send('<p>You are logged out at the provider</p>')
    await second.getByText('Log out').click()
    await second.getByText('You are logged out at the provider').waitFor()
  })

  it('ends the session by a frame in a page of the provider', async () => {
    await startLoggedIn()
    const { issuer, sid } = provider
    const frame = `${app.origin}/auth/frontchannel-logout?${new URLSearchParams({ iss: issuer, sid }).toString()}`
    const page = await person.openTab()
    // Of the issuer's origin, so that the frame may be shown there.
    scene.provider.on('/bye', (_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(`<p>Bye</p><iframe src="${frame.replaceAll('&', '&amp;')}"></iframe>`)
    })
    await page.goto(`${issuer}/bye`)
    await page.frameLocator('iframe').getByText('Logged out').waitFor()
    expect(await isLoggedIn()).toBe(false)
  })
})
