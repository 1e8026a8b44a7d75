import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import express from 'express'
import type { RequestHandler } from 'express'
import session from 'express-session'
import passport from 'passport'
import { adopt, authRouter } from '../../src/index.js'
import { startChromium } from '../support/chromium.js'
import type { Chromium } from '../support/chromium.js'
import { Donor } from '../support/donor.js'
import { listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'
import { describeWithChromium } from '../support/requirements.js'
import { setScene } from '../support/scene.js'

const scene = setScene()

describeWithChromium('the fragment that Facebook appends to the callback', (executable) => {
  let chromium: Chromium
  let server: RunningServer

  beforeAll(async () => {
    chromium = await startChromium(executable)
  })
  afterEach(() => server.close())
  afterAll(() => chromium.close())

  /** Logs in at a provider that appends the fragment; resolves to what the address bar shows in the end. */
  async function addressAfterLogin(name: string, path: string): Promise<string> {
    const app = express()
    server = await listen(app)
    const facebook = await listen((req, res) => {
      const asked = new URL(req.url ?? '', 'http://localhost').searchParams
      const callback = `${asked.get('redirect_uri') ?? ''}?code=1&state=${asked.get('state') ?? ''}`
      res.writeHead(302, { location: `${callback}#_=_` }).end()
    })
    const endpoints = { ...scene.provider, authorizationURL: `${facebook.origin}/dialog/oauth` }
    const donor = new Donor(endpoints, { callbackURL: `${server.origin}${path}/callback` })
    donor.name = name
    const strategy = adopt(donor)
    app.use(session({ secret: 'a test', resave: false, saveUninitialized: false }))
    app.use(passport.session())
    passport.serializeUser((user, done) => done(null, user))
    passport.deserializeUser((user: Express.User, done) => done(null, user))
    passport.use(strategy)
    app.use('/auth', authRouter(strategy))
    app.get('/own/login', passport.authenticate(name) as RequestHandler)
    app.get(
      '/own/callback',
      passport.authenticate(name, { successRedirect: '/' }) as RequestHandler,
    )
    app.get('/', (req, res) => res.json(req.user ?? null))
    try {
      const { page } = await chromium.arrive()
      await page.goto(`${server.origin}${path}/login`)
      expect(await page.textContent('body')).toContain('"id":"ada"')
      return page.url()
    } finally {
      await facebook.close()
    }
  }

  it.each(['/auth', '/own'])(
    'does not stay in the address bar after a login by %s',
    async (path) => {
      expect(await addressAfterLogin('facebook', path)).toBe(`${server.origin}/#`)
    },
  )

  it('would stay there at another provider', async () => {
    expect(await addressAfterLogin('donor', '/auth')).toBe(`${server.origin}/#_=_`)
  })
})
