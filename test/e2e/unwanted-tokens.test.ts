import type { ServerResponse } from 'node:http'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { MemoryStore } from 'express-session'
import type { RequestHandler } from 'express'
import passport from 'passport'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { MemoryGrants } from '../../src/index.js'
import type { Verify } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import {
  forJobs,
  LIFETIMES,
  logIn,
  ME,
  refreshTokens,
  REVOCATION_ENDS,
  setEndingScene,
} from '../support/ending-scene.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { changed, logInAs, startLogin } from '../support/login.js'
import { speakOpenId } from '../support/openid-provider.js'
import { json } from '../support/scripted-provider.js'
import { until } from '../support/until.js'

/** Tokens have come from the provider, and nobody receives them. */

const scene = setEndingScene()

beforeAll(() => {
  passport.serializeUser((user, done) => {
    if ((user as { id?: unknown }).id === 'odd') done(new Error('Not a user of ours.'))
    else done(null, user)
  })
  passport.deserializeUser((user: object, done) => done(null, user))
})

/** Who may log in is decided anew for each login. */
class Gatekeeper {
  answer: object | false = false
  readonly verify: Verify = () => this.answer
}

function contentsOf(sessions: MemoryStore): Promise<unknown> {
  return new Promise((resolve) => sessions.all((_error, all) => resolve(all)))
}

async function failToLogIn(app: TestApp, who = 'ada', browser = new Browser()): Promise<number> {
  const { status } = await logInAs(who, browser, app.loginURL)
  expect(status).not.toBe(302)
  return status
}

describe('the tokens of a login that is refused', () => {
  const answers: readonly [string, () => unknown][] = [
    ['false', () => false],
    ['null', () => null],
    ['nothing', () => undefined],
    [
      'an error',
      () => {
        throw new Error('The database is away.')
      },
    ],
  ]

  it.each(answers)('are revoked if verify answers with %s', async (_what, answer) => {
    const app = await scene.start({}, {}, undefined, answer as Verify)
    await failToLogIn(app)
    expect(await scene.revoked(1)).toEqual(refreshTokens(1))
  })

  it.each(REVOCATION_ENDS)(
    'are revoked only if that ends nothing else of the person: revocationEnds %s',
    async (ends) => {
      const gate = new Gatekeeper()
      const app = await scene.start({ ends }, {}, undefined, gate.verify)
      gate.answer = { id: 'me' }
      await logIn(app)
      gate.answer = false
      await failToLogIn(app, 'ada')
      await failToLogIn(app, 'grace')
      // Grace has nothing else here. Ada has, which may end with any of her tokens.
      const ofAda = ends === 'token' ? refreshTokens(2) : []
      expect(await scene.revoked(ends === 'token' ? 2 : 1)).toEqual(
        [...ofAda, ...refreshTokens(3, 'grace')].sort(),
      )
      expect(await forJobs(app)).toBe('access-token-1-of-ada')
    },
  )

  it('are not revoked while a grant is alive whose person is not known', async () => {
    const gate = new Gatekeeper()
    const grants = new MemoryGrants()
    const app = await scene.start({}, { grants }, undefined, gate.verify)
    const { name: strategy } = app.strategy
    await grants.import([{ strategy, account: 'me', refreshToken: 'from-elsewhere' }])
    await failToLogIn(app)
    await app.strategy.endGrant(ME)
    await failToLogIn(app)
    expect(await scene.revoked(2)).toEqual([...refreshTokens(2), 'from-elsewhere'].sort())
  })

  it.each(REVOCATION_ENDS)(
    'are not revoked if nobody can see what else there is, unless it ends nothing: revocationEnds %s',
    async (ends) => {
      const app = await scene.start({ ends }, { grants: undefined }, undefined, () => false)
      await failToLogIn(app)
      const isRevoked = ends === 'token'
      expect(await scene.revoked(isRevoked ? 1 : 0)).toEqual(isRevoked ? refreshTokens(1) : [])
    },
  )
})

describe('the tokens of a login that fails', () => {
  it('are revoked if the profile cannot be loaded, and the ID token says whose they are', async () => {
    const openId = await speakOpenId(scene.provider)
    scene.provider.on('/userinfo', json({ error: 'server_error' }, 500))
    const app = await scene.start({}, { ...openId.options })
    await failToLogIn(app)
    expect(await scene.revoked(1)).toHaveLength(1)
  })

  it.each(REVOCATION_ENDS)(
    'are revoked if their ID token is refused, as far as that ends nothing: revocationEnds %s',
    async (ends) => {
      const openId = await speakOpenId(scene.provider)
      openId.claims = { aud: 'somebody else' }
      const app = await scene.start({ ends }, { ...openId.options })
      await failToLogIn(app)
      expect(await scene.revoked(ends === 'token' ? 1 : 0)).toHaveLength(ends === 'token' ? 1 : 0)
    },
  )

  const failures = [
    ['the session cannot be saved', 'full'],
    ['the user cannot be serialized', 'odd'],
  ] as const

  /** A store that is full for users with this id. */
  function sessionsFullFor(id: string): MemoryStore {
    const sessions = new MemoryStore()
    const write = sessions.set.bind(sessions)
    sessions.set = (sessionId, data, done) => {
      if (JSON.stringify(data).includes(id)) done?.(new Error('The store is full.'))
      else write(sessionId, data, done)
    }
    return sessions
  }

  describe.each(LIFETIMES)('with grantLifetime %s', (lifetime) => {
    it.each(failures)('are revoked if %s, and their grant is gone', async (_what, id) => {
      const app = await scene.start({ lifetime }, {}, sessionsFullFor('full'), () => ({ id }))
      const browser = new Browser()
      await failToLogIn(app, 'ada', browser)
      expect(await scene.revoked(1)).toEqual(refreshTokens(1))
      expect(await app.strategy.listGrants('me')).toEqual([])
      expect(await forJobs(app)).toBe('no_tokens')
      expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
    })
  })

  describe.each(failures)('and that joined a grant, if %s,', (_what, id) => {
    it.each(REVOCATION_ENDS)('leave it as it was: revocationEnds %s', async (ends) => {
      const gate = new Gatekeeper()
      const app = await scene.start(
        { lifetime: 'account', ends },
        {},
        sessionsFullFor('full'),
        gate.verify,
      )
      gate.answer = { id: 'me' }
      await logIn(app)
      gate.answer = { id }
      await failToLogIn(app)
      const expected = ends === 'token' ? refreshTokens(2) : []
      expect(await scene.revoked(expected.length)).toEqual(expected)
      await until(async () => (await forJobs(app)) === 'access-token-1-of-ada')
      gate.answer = { id: 'me' }
      await logIn(app)
      await app.strategy.endGrant(ME)
      const all =
        ends === 'grant'
          ? refreshTokens(3)
          : [...expected, ...refreshTokens(1), ...refreshTokens(3)].sort()
      expect(await scene.revoked(all.length)).toEqual(all)
    })
  })

  it('are revoked if the application’s own callback decides against the login', async () => {
    const app = await scene.start({}, {}, undefined, () => ({ id: 'me' }))
    passport.use('decided-later', app.strategy)
    app.app.get('/own-callback', (req, res, next) => {
      const decide = (error: unknown): void => {
        if (error) next(error)
        else res.status(403).end()
      }
      ;(passport.authenticate('decided-later', decide) as RequestHandler)(req, res, next)
    })
    const browser = new Browser()
    const atProvider = await browser.visit(app.loginURL)
    const { location = '' } = await browser.visit(atProvider.location ?? '')
    const response = await browser.visit(`${app.origin}/own-callback${new URL(location).search}`)
    expect(response.status).toBe(403)
    expect(await scene.revoked(1)).toEqual(refreshTokens(1))
  })

  /** The callback of a login, which may be left without an answer. */
  async function visitCallback(app: TestApp): Promise<void> {
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    await browser.visit(changed(callback, { code: 'code-of-ada' })).catch(() => undefined)
  }

  /** Does something to the response, and resolves when it is over. */
  function over(res: ServerResponse | undefined, end: (res: ServerResponse) => void) {
    return new Promise<void>((resolve) => {
      if (res === undefined) return
      res.once('close', resolve)
      end(res)
    })
  }

  it('are revoked if the application has answered by itself before', async () => {
    const app = await scene.start({}, {}, undefined, async ({ req }) => {
      await over(req.res, (res) => res.writeHead(503).end())
      return { id: 'me' }
    })
    await visitCallback(app)
    expect(await scene.revoked(1)).toEqual(refreshTokens(1))
    expect(await app.strategy.listGrants('me')).toEqual([])
  })

  it.each(LIFETIMES)(
    'are revoked if the browser goes away before the login is stored: %s',
    async (lifetime) => {
      const sessions = new MemoryStore()
      const app = await scene.start({ lifetime }, {}, sessions, async ({ req }) => {
        await over(req.res, () => req.socket.destroy())
        return { id: 'me' }
      })
      await visitCallback(app)
      expect(await scene.revoked(1)).toEqual(refreshTokens(1))
      expect(await app.strategy.listGrants('me')).toEqual([])
      expect(JSON.stringify(await contentsOf(sessions))).not.toContain('"me"')
      expect(app.errors).toEqual([])
    },
  )

  it.each(LIFETIMES)(
    'are revoked if the browser goes away while the session is written: %s',
    async (lifetime) => {
      const sessions = new MemoryStore()
      let leave = (): Promise<void> => Promise.resolve()
      const write = sessions.set.bind(sessions)
      sessions.set = (id, data, done) => void leave().then(() => write(id, data, done))
      const app = await scene.start({ lifetime }, {}, sessions, ({ req }) => {
        leave = () => over(req.res, () => req.socket.destroy())
        return { id: 'me' }
      })
      await visitCallback(app)
      expect(await scene.revoked(1)).toEqual(refreshTokens(1))
      expect(await app.strategy.listGrants('me')).toEqual([])
    },
  )

  it.each(LIFETIMES)('are revoked if the grant cannot be stored: %s', async (lifetime) => {
    const store = createMemoryStore()
    let isFull = true
    const grants = grantsIn({
      ...store,
      link: (...link) =>
        isFull ? Promise.reject(new Error('The store is full.')) : store.link(...link),
    })
    const app = await scene.start({ lifetime, ends: 'token' }, { grants })
    await failToLogIn(app)
    expect(await scene.revoked(1)).toEqual(refreshTokens(1))
    isFull = false
    expect(await forJobs(app)).toBe('no_tokens')
  })
})

describe('the tokens of a login that later ones push out', () => {
  it.each(REVOCATION_ENDS)(
    'are revoked only if that ends nothing else of the grant: revocationEnds %s',
    async (ends) => {
      const app = await scene.start({ lifetime: 'account', ends })
      // A grant keeps the tokens of three logins.
      for (let logins = 0; logins < 5; logins++) await logIn(app)
      const expected = ends === 'token' ? [...refreshTokens(1), ...refreshTokens(2)].sort() : []
      expect(await scene.revoked(expected.length)).toEqual(expected)
      expect(await forJobs(app)).toBe('access-token-5-of-ada')
    },
  )
})
