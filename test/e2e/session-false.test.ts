import { beforeEach, describe, expect, it } from '@jest/globals'
import type { RequestHandler } from 'express'
import passport from 'passport'
import { cookiePendingLogins, MemoryGrants } from '../../src/index.js'
import type { AuthorizationCodeOptions, Verify } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { createGate } from '../support/gate.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, ONE_LOGIN, startLogin } from '../support/login.js'
import { setScene } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'
import { until } from '../support/until.js'

const scene = setScene()
let browser: Browser

beforeEach(() => {
  browser = new Browser()
  scene.provider.onToken(honest)
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user: Express.User, done) => done(null, user))
})

const honest = json(tokenResponse({ access_token: 'at-1' }))

const findPerson: Verify = ({ profile }) => ({ id: profile?.id ?? 'nobody' })

interface Parts {
  readonly strategy?: Partial<AuthorizationCodeOptions>
  readonly verify?: Verify
  readonly session?: false
  /** What the application does with the login. @default it answers with what it has got */
  readonly then?: RequestHandler
}

/** An application whose callback does without a session, and says what it has got. */
function start({ strategy, then: use, ...options }: Parts = {}): Promise<TestApp> {
  return scene.start({
    verify: findPerson,
    ...options,
    strategy: { revocationURL: `${new URL(scene.provider.tokenURL).origin}/revoke`, ...strategy },
    routes: (app, one) => {
      const authenticate = passport.authenticate(one, { session: false }) as RequestHandler
      const answer: RequestHandler = (req, res) => res.json({ user: req.user, info: req.authInfo })
      app.get('/auth/login', authenticate)
      app.get('/auth/callback', authenticate, use ?? answer)
      app.get('/of/:account/:grant', (req, res, next) => {
        const { account, grant } = req.params
        one.accessToken({ account, grant }).then((token) => res.json({ token }), next)
      })
    },
  })
}

/** As `super.logIn(request)` of Nest's guards does. */
const logInAfterwards: RequestHandler = (req, res, next) => {
  req.logIn(req.user ?? {}, (error: unknown) => {
    if (error) next(error)
    else res.json({ info: req.authInfo })
  })
}

describe('session: false', () => {
  it('hands the tokens to the application, and revokes nothing', async () => {
    const app = await start()
    const { callback } = await startLogin(browser, app.loginURL)
    const { user, info } = bodyOf(await browser.visit(callback)) as Record<string, object>
    expect(user).toEqual({ id: 'ada' })
    expect(info).toMatchObject({ tokens: { accessToken: 'at-1' } })
    expect(bodyOf(await browser.visit(`${app.origin}/tokens`))).toEqual({ tokens: null })
    await app.strategy.idle({ timeoutMs: 1_000 })
    expect(asked(scene.provider)).toEqual(ONE_LOGIN)
  })

  it('gives the session the tokens once if req.logIn is called', async () => {
    const app = await start({ then: logInAfterwards })
    const { callback } = await startLogin(browser, app.loginURL)
    await browser.visit(callback)
    expect(bodyOf(await browser.visit(`${app.origin}/tokens`))).toMatchObject({
      tokens: { accessToken: 'at-1' },
    })
    expect(bodyOf(await browser.visit(`${app.origin}/`))).toEqual({ user: { id: 'ada' } })
    expect(asked(scene.provider)).toEqual(ONE_LOGIN)
  })

  it('makes the grant at once with grants, and hands over its id instead of tokens', async () => {
    const app = await start({ strategy: { grants: new MemoryGrants() } })
    const { callback } = await startLogin(browser, app.loginURL)
    const { info } = bodyOf(await browser.visit(callback)) as { info: { grant: string } }
    expect(Object.keys(info)).toEqual(['grant'])
    expect(await app.strategy.listGrants('ada')).toMatchObject([{ id: info.grant }])
    expect(bodyOf(await browser.visit(`${app.origin}/of/ada/${info.grant}`))).toEqual({
      token: 'at-1',
    })
    await app.strategy.idle({ timeoutMs: 1_000 })
    expect(asked(scene.provider)).toEqual(ONE_LOGIN)
  })

  it.each(['login', 'account'] as const)(
    'gives the session that grant, with grantLifetime %s, and logging out ends it or leaves it',
    async (grantLifetime) => {
      const strategy = { grants: new MemoryGrants(), grantLifetime }
      const app = await start({ strategy, then: logInAfterwards })
      const { callback } = await startLogin(browser, app.loginURL)
      const { info } = bodyOf(await browser.visit(callback)) as { info: { grant: string } }
      expect(bodyOf(await browser.visit(`${app.origin}/token`))).toEqual({ accessToken: 'at-1' })
      expect(await app.strategy.listGrants('ada')).toMatchObject([{ id: info.grant }])
      await browser.request(`${app.origin}/auth/logout`, {
        method: 'POST',
        headers: { origin: app.origin },
      })
      const left = await app.strategy.listGrants('ada')
      expect(left).toHaveLength(grantLifetime === 'login' ? 0 : 1)
    },
  )

  it('hands over the tokens of a person without an account, whose grant nobody could find', async () => {
    const app = await start({
      strategy: { grants: new MemoryGrants(), accountOf: () => undefined },
    })
    const { callback } = await startLogin(browser, app.loginURL)
    expect(bodyOf(await browser.visit(callback))).toMatchObject({
      info: { tokens: { accessToken: 'at-1' } },
    })
  })

  it('needs no express-session where pending logins are in cookies', async () => {
    const pendingLogins = cookiePendingLogins({ secret: 'a secret of 32 characters or more' })
    const app = await start({ session: false, strategy: { pendingLogins } })
    const { callback } = await startLogin(browser, app.loginURL)
    expect(bodyOf(await browser.visit(callback))).toMatchObject({
      user: { id: 'ada' },
      info: { tokens: { accessToken: 'at-1' } },
    })
    expect(bodyOf(await browser.visit(callback))).toEqual({ code: 'ERR_PENDING_LOGIN_USED' })
    const without = await start({ session: false })
    expect(bodyOf(await browser.visit(without.loginURL))).toEqual({ code: 'ERR_CONFIGURATION' })
  })

  it('gives two requests with the same callback the same login', async () => {
    const gate = createGate()
    scene.provider.onToken((request, response) => {
      void gate.pass().then(() => honest(request, response))
    })
    const app = await start()
    const { callback } = await startLogin(browser, app.loginURL)
    const pages = [browser.visit(callback)]
    await gate.reached
    pages.push(browser.visit(callback))
    gate.open()
    for (const page of await Promise.all(pages)) {
      expect(bodyOf(page)).toMatchObject({ user: { id: 'ada' } })
    }
    expect(asked(scene.provider)).toEqual(ONE_LOGIN)
  })

  it.each(['tokens', 'grants'])(
    'revokes what a lost browser has left behind: %s',
    async (where) => {
      const gate = createGate()
      scene.provider.onToken((request, response) => {
        void gate.pass().then(() => honest(request, response))
      })
      const strategy = {
        revocationEnds: 'token' as const,
        ...(where === 'grants' && { grants: new MemoryGrants() }),
      }
      const app = await start({ strategy })
      const { callback } = await startLogin(browser, app.loginURL)
      const cancel = new AbortController()
      const dropped = browser.request(callback, { signal: cancel.signal }).catch(() => 'dropped')
      await gate.reached
      cancel.abort()
      await dropped
      gate.open()
      await until(() => asked(scene.provider).includes('POST /revoke'))
      const left = where === 'grants' ? await app.strategy.listGrants('ada') : []
      expect(left).toEqual([])
    },
  )

  it('hands over nothing of a login that verify refuses, and puts no secret into errors', async () => {
    const app = await start({ verify: () => false, strategy: { revocationEnds: 'token' } })
    const { callback } = await startLogin(browser, app.loginURL)
    const page = await browser.visit(callback)
    expect(page.status).toBe(403)
    expect(page.text).not.toContain('at-1')
    await until(() => asked(scene.provider).includes('POST /revoke'))
    expect(JSON.stringify(app.errors)).not.toContain('at-1')
  })
})
