import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  authRouter,
  AuthorizationCodeStrategy,
  MemoryGrants,
  silentLogin,
} from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { Browser } from '../support/http.js'
import { bodyOf, logInAs, logInWhomTheCodeNames } from '../support/login.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'

/** Silent logins where people can log in in another way too. */

const HOUR = 3600

const scene = setScene()
let browser: Browser

beforeEach(() => {
  browser = new Browser()
  logInWhomTheCodeNames(scene.provider)
  scene.provider.onAuthorize((parameters) => ({
    code: 'code-of-ada',
    state: parameters.get('state') ?? '',
  }))
})

describe.each<[string, () => Partial<AuthorizationCodeOptions>]>([
  ['tokens in the session', () => ({})],
  ['grants in a store', () => ({ grants: new MemoryGrants() })],
])('with %s, a silent login', (_where, options) => {
  function start(): Promise<TestApp> {
    const kept = options()
    return scene.start({
      strategy: kept,
      routes: (app, strategy, origin) => {
        const { authorizationURL, tokenURL, profileURL } = scene.provider
        const other = new AuthorizationCodeStrategy({
          name: 'other',
          ...{
            authorizationURL,
            tokenURL,
            profileURL,
            clientID: 'client-2',
            clientSecret: 'secret-2',
          },
          callbackURL: `${origin}/other/callback`,
          ...kept,
        })
        app.use('/other', authRouter(other))
        app.get('/start', (req, res, next) => {
          strategy.startLogin(req, res, { prompt: 'none', returnTo: '/' }).catch(next)
        })
        app.get('/news', silentLogin({ strategy }), (_req, res) => res.redirect('/'))
        for (const one of [strategy, other]) {
          app.get(`/token/${one.name}`, (req, res, next) => {
            one.accessToken(req).then(() => res.end(), next)
          })
        }
      },
    })
  }

  async function whoIs({ origin }: TestApp): Promise<unknown> {
    return (bodyOf(await browser.visit(`${origin}/`))['user'] as { id?: string } | null)?.id
  }

  it('does not replace a person who is logged in by another strategy', async () => {
    const app = await start()
    await logInAs('grace', browser, `${app.origin}/other/login`)
    await browser.follow(`${app.origin}/start`)
    expect(await whoIs(app)).toBe('grace')
    expect(app.errors).toEqual([])
  })

  it('does not replace a person who has logged in by another strategy meanwhile', async () => {
    const app = await start()
    const sent = await browser.visit(`${app.origin}/start`)
    const { location = '' } = await browser.visit(sent.location ?? '')
    await logInAs('grace', browser, `${app.origin}/other/login`)
    await browser.follow(location)
    expect(await whoIs(app)).toBe('grace')
  })

  it.each(['oauth2', 'other'])('logs in somebody whose login by %s has ended', async (name) => {
    const app = await start()
    const path = name === 'other' ? '/other/login' : '/auth/login'
    await logInAs('grace', browser, `${app.origin}${path}`)
    scene.provider.onToken(json({ error: 'invalid_grant' }, 400))
    advanceClock(2 * HOUR)
    expect((await browser.visit(`${app.origin}/token/${name}`)).status).toBe(401)
    logInWhomTheCodeNames(scene.provider)
    await browser.follow(`${app.origin}/news`)
    await browser.follow(`${app.origin}/news`)
    expect(await whoIs(app)).toBe('ada')
  })
})
