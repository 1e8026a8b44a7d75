import { beforeEach, describe, expect, it } from '@jest/globals'
import passport from 'passport'
import { AuthorizationCodeStrategy, authRouter } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { damageIdTokens } from '../support/damaged-id-token.js'
import { GRANT_MODES, grantsIn } from '../support/grant-modes.js'
import type { KeepTokens } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'

const LOGOUT_PAGE = 'https://login.example.com/end-session'
const REDIRECT_URI = 'https://app.example/auth/logged-out'
/** What a browser sends with a form of the application. */
const FORM = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }

const scene = setScene()
let provider: OpenIdProvider
let browser: Browser

beforeEach(async () => {
  provider = await speakOpenId(scene.provider)
  browser = new Browser()
})

function start(
  strategy: Partial<AuthorizationCodeOptions> = {},
  options: Omit<SceneAppOptions, 'strategy'> = {},
): Promise<TestApp> {
  return scene.start({
    router: { logoutRedirect: '/bye' },
    ...options,
    strategy: {
      ...provider.options,
      endSessionURL: LOGOUT_PAGE,
      postLogoutRedirectURL: REDIRECT_URI,
      ...strategy,
    },
  })
}

async function startLoggedIn(
  strategy: Partial<AuthorizationCodeOptions> = {},
  options: Omit<SceneAppOptions, 'strategy'> = {},
): Promise<TestApp> {
  const app = await start(strategy, options)
  await browser.follow(app.loginURL)
  return app
}

const logOut = (app: TestApp, query = '', headers: Record<string, string> = {}): Promise<Page> =>
  browser.post(`${app.origin}/auth/logout${query}`, {}, headers)

/** The parameters that the provider's logout page gets; `undefined` if the browser does not go there. */
function sentTo({ location }: Page): Record<string, string> | undefined {
  if (location?.startsWith(LOGOUT_PAGE) !== true) return undefined
  return Object.fromEntries(new URL(location).searchParams)
}

const WITHOUT_HINT = {
  client_id: 'client-1',
  post_logout_redirect_uri: REDIRECT_URI,
  state: expect.any(String),
}

describe('a logout by a form, with a provider on another origin,', () => {
  it.each<[string, Record<string, string>]>([
    ['a browser', FORM],
    ['an old browser, which says only what it accepts', { accept: 'text/html,*/*;q=0.8' }],
  ])('gets a page that continues by itself: %s', async (_who, headers) => {
    const app = await startLoggedIn({ clientID: 'a"b&<c>' })
    provider.claims = { aud: 'a"b&<c>' }
    await browser.follow(app.loginURL)
    const page = await logOut(app, '', headers)
    expect([page.status, page.location]).toEqual([200, undefined])
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    expect(page.text).not.toMatch(/<script|<style|style=|\son\w+=/i)
    const [, refreshed = ''] =
      /<meta http-equiv="refresh" content="0;url=([^"]*)">/.exec(page.text) ?? []
    const [, linked] = /<a href="([^"]*)">Continue<\/a>/.exec(page.text) ?? []
    expect(linked).toBe(refreshed)
    const { origin, pathname, searchParams } = new URL(refreshed.replaceAll('&#38;', '&'))
    expect(origin + pathname).toBe(LOGOUT_PAGE)
    expect(Object.fromEntries(searchParams)).toEqual({
      ...WITHOUT_HINT,
      client_id: 'a"b&<c>',
      id_token_hint: expect.stringMatching(/^eyJ/),
    })
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
  })

  it('is redirected if the provider is on the same origin', async () => {
    const app = await scene.start({
      strategyClass: class extends AuthorizationCodeStrategy {
        override async logOut(...given: Parameters<AuthorizationCodeStrategy['logOut']>) {
          await super.logOut(...given)
          return `${new URL(this.callbackURL).origin}/provider/logout`
        }
      },
    })
    const page = await logOut(app, '', FORM)
    expect([page.status, page.location]).toEqual([303, `${app.origin}/provider/logout`])
  })

  it('gets such a page as well for a logoutRedirect on another origin, which says nothing untrue', async () => {
    const router = { logoutRedirect: 'https://www.example.com/goodbye' }
    const app = await startLoggedIn(
      { endSessionURL: undefined, postLogoutRedirectURL: undefined },
      { router },
    )
    const page = await logOut(app, '', FORM)
    expect(page.status).toBe(200)
    expect(page.text).toContain('content="0;url=https://www.example.com/goodbye"')
    expect(page.text).not.toContain('login service')
  })

  it('redirects a client that shows no page', async () => {
    const app = await startLoggedIn()
    const page = await logOut(app, '', { 'sec-fetch-mode': 'cors', accept: '*/*' })
    expect([page.status, sentTo(page)]).toMatchObject([303, WITHOUT_HINT])
  })
})

describe.each(GRANT_MODES)(
  'when something has ended before the logout, with %s,',
  (_where, keep) => {
    let kept: ReturnType<KeepTokens>
    beforeEach(() => {
      kept = keep()
    })

    const endRoute: NonNullable<SceneAppOptions['routes']> = (app, strategy) => {
      app.post('/end-grant', (req, res, next) => {
        strategy.endGrant(req).then(() => res.end(), next)
      })
    }

    it.each<[string, Record<string, unknown>, string]>([
      ['the sid', {}, 'sid'],
      ['the login_hint, if the provider gives one', { login_hint: 'hint-of-ada' }, 'login_hint'],
    ])('the grant: the provider is asked with %s', async (_what, claims, hint) => {
      provider.claims = claims
      const app = await startLoggedIn(kept(), { routes: endRoute })
      await browser.post(`${app.origin}/end-grant`)
      const expected = hint === 'sid' ? provider.sid : 'hint-of-ada'
      expect(sentTo(await logOut(app))).toEqual({ ...WITHOUT_HINT, logout_hint: expected })
      expect(JSON.stringify(await contentsOf(app))).not.toContain(provider.sid)
    })

    it('the grant of a provider that names nothing: it is asked without a hint', async () => {
      provider.claims = { sid: undefined }
      const app = await startLoggedIn(kept(), { routes: endRoute })
      await browser.post(`${app.origin}/end-grant`)
      expect(sentTo(await logOut(app))).toEqual(WITHOUT_HINT)
    })

    it('a refused refresh: the ID token is still there', async () => {
      const app = await startLoggedIn(kept())
      scene.provider.onToken(json({ error: 'invalid_grant' }, 400))
      advanceClock(3600)
      expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
      const sent = sentTo(await logOut(app))
      expect(sent).toMatchObject(WITHOUT_HINT)
      expect(sent?.['id_token_hint'] ?? sent?.['logout_hint']).toBeDefined()
    })

    it('the session: the provider is asked all the same', async () => {
      const app = await startLoggedIn(kept())
      await new Promise<void>((resolve) => app.store.clear?.(() => resolve()))
      expect(sentTo(await logOut(app))).toEqual(WITHOUT_HINT)
    })

    it('a first click: the second one leads to the provider too, at once and later', async () => {
      const app = await startLoggedIn(kept())
      const pages = await Promise.all([logOut(app), logOut(app)])
      pages.push(await logOut(app))
      expect(pages.map(({ status }) => status)).toEqual([303, 303, 303])
      for (const page of pages) expect(sentTo(page)).toMatchObject(WITHOUT_HINT)
      expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
    })

    it.each(['from nobody', 'from somebody who had logged in otherwise'])(
      'nothing, %s: only who is logged in otherwise stays here',
      async (who) => {
        const app = await start(kept(), {
          routes: (one) => {
            one.use((req, _res, next) => {
              if (who !== 'from nobody') req.user = { id: 'local' }
              next()
            })
          },
        })
        const page = await logOut(app)
        expect(sentTo(page)).toEqual(who === 'from nobody' ? WITHOUT_HINT : undefined)
      },
    )

    it('nothing, but the login is another strategy’s: the browser stays here', async () => {
      const app = await start(kept(), {
        routes: (express, _strategy, origin) => {
          const { authorizationURL, tokenURL, profileURL } = scene.provider
          const other = new AuthorizationCodeStrategy({
            ...{ authorizationURL, tokenURL, profileURL, name: 'other', ...kept() },
            ...{ clientID: 'client-2', clientSecret: 'secret-2' },
            callbackURL: `${origin}/other/callback`,
          })
          express.use('/other', authRouter(other))
        },
      })
      scene.provider.onToken(json({ access_token: 'a', token_type: 'Bearer' }))
      await browser.follow(`${app.origin}/other/login`)
      expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
      expect((await logOut(app)).location).toBe(`${app.origin}/bye`)
      expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
      passport.unuse('other')
    })
  },
)

/** Everything in the application's session store. */
async function contentsOf({ store }: TestApp): Promise<unknown> {
  return new Promise((resolve) => store.all?.((_error, all) => resolve(all ?? {})))
}

describe('the option idTokenHint', () => {
  const HINTED = expect.objectContaining({ id_token_hint: expect.stringMatching(/^eyJ/) })

  it.each<[AuthorizationCodeOptions['idTokenHint'], string, number, boolean]>([
    [undefined, 'that is valid', 0, true],
    [undefined, 'that has expired', 3600, true],
    ['always', 'that has expired', 3600, true],
    ['fresh', 'that is valid', 0, true],
    ['fresh', 'that has expired', 3600, false],
    ['never', 'that is valid', 0, false],
  ])('%s: an ID token %s', async (idTokenHint, _which, seconds, isSent) => {
    const app = await startLoggedIn({ idTokenHint })
    advanceClock(seconds)
    const sent = sentTo(await logOut(app))
    expect(sent).toEqual(isSent ? HINTED : { ...WITHOUT_HINT, logout_hint: provider.sid })
  })

  it('leaves out an ID token of somebody with 200 groups, which servers would refuse', async () => {
    provider.claims = {
      groups: Array.from({ length: 200 }, (_, index) => `group-${index} of the company`),
    }
    const app = await startLoggedIn()
    const page = await logOut(app)
    expect(sentTo(page)).toEqual({ ...WITHOUT_HINT, logout_hint: provider.sid })
    expect(page.location?.length).toBeLessThan(2048)
  })

  it.each([undefined, 'fresh'] as const)(
    '%s: leaves out an ID token that cannot be read',
    async (idTokenHint) => {
      const app = await startLoggedIn(
        { idTokenHint },
        { routes: (one) => one.get('/damage', damageIdTokens) },
      )
      await browser.visit(`${app.origin}/damage`)
      expect(sentTo(await logOut(app))).toEqual({ ...WITHOUT_HINT, logout_hint: provider.sid })
    },
  )

  it('remembers no hint that would fill the session', async () => {
    provider.claims = { login_hint: 'x'.repeat(5_000) }
    const app = await startLoggedIn({ idTokenHint: 'never' })
    expect(sentTo(await logOut(app))).toEqual({ ...WITHOUT_HINT, logout_hint: provider.sid })
  })
})

describe('?return_to= of a logout', () => {
  const LOCAL = { endSessionURL: undefined, postLogoutRedirectURL: undefined }
  const stateOf = (page: Page): string => sentTo(page)?.['state'] ?? ''

  it.each<[string, string]>([
    ['/goodbye?by=Ada%20L&x=1;2,3#end', '/goodbye?by=Ada%20L&x=1;2,3#end'],
    ['//evil.example', '/bye'],
    ['https://evil.example/', '/bye'],
    ['/\\evil.example', '/bye'],
    ['', '/bye'],
  ])('%j leads to %s, here and over the provider', async (path, expected) => {
    const query = `?return_to=${encodeURIComponent(path)}`
    const local = await startLoggedIn(LOCAL)
    expect((await logOut(local, query)).location).toBe(local.origin + expected)

    const app = await startLoggedIn()
    const back = `${app.origin}/auth/logged-out?state=${stateOf(await logOut(app, query))}`
    expect((await browser.visit(back)).location).toBe(app.origin + expected)
    // Reloaded.
    expect((await browser.visit(back)).location).toBe(`${app.origin}/bye`)
  })

  it('is one of each tab, whichever comes back first', async () => {
    const app = await startLoggedIn()
    const states = [
      stateOf(await logOut(app, '?return_to=/one')),
      stateOf(await logOut(app, '?return_to=/two')),
    ]
    const ends = []
    for (const state of states.reverse()) {
      ends.push((await browser.visit(`${app.origin}/auth/logged-out?state=${state}`)).location)
    }
    expect(ends).toEqual([`${app.origin}/two`, `${app.origin}/one`])
  })

  it('is read from the cookie as carefully as from the address', async () => {
    const app = await startLoggedIn()
    const state = stateOf(await logOut(app))
    const [name = ''] = [...browser.cookies(app.origin).keys()].filter((one) =>
      one.startsWith('__Host-logout.'),
    )
    browser.setCookie(app.origin, name, Buffer.from('//evil.example/').toString('base64url'))
    const back = await browser.visit(`${app.origin}/auth/logged-out?state=${state}`)
    expect(back.location).toBe(`${app.origin}/bye`)
  })

  it('fills no browser with cookies when the provider never sends it back', async () => {
    const app = await startLoggedIn()
    const path = `/${'x'.repeat(2_000)}`
    for (let count = 0; count < 20; count++) {
      expect((await logOut(app, `?return_to=${path}`)).status).toBe(303)
    }
    const { size } = browser.cookies(app.origin)
    expect(size).toBeLessThanOrEqual(4)
    const last = stateOf(await logOut(app, '?return_to=/last'))
    const back = await browser.visit(`${app.origin}/auth/logged-out?state=${last}`)
    expect(back.location).toBe(`${app.origin}/last`)
  })
})

describe('a script that logs out', () => {
  const JSON_ONLY = { accept: 'application/json', 'sec-fetch-mode': 'cors' }

  it('gets the address of the provider’s logout page, which leads back to its page', async () => {
    const app = await startLoggedIn()
    const page = await logOut(app, '?return_to=/signed-out', JSON_ONLY)
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const { logoutURL } = bodyOf(page) as { logoutURL: string }
    const { origin, pathname, searchParams } = new URL(logoutURL)
    expect(origin + pathname).toBe(LOGOUT_PAGE)
    const back = `${app.origin}/auth/logged-out?state=${searchParams.get('state') ?? ''}`
    expect((await browser.visit(back)).location).toBe(`${app.origin}/signed-out`)
  })

  it('gets null if there is none', async () => {
    const app = await startLoggedIn({ endSessionURL: undefined, postLogoutRedirectURL: undefined })
    expect(bodyOf(await logOut(app, '', JSON_ONLY))).toEqual({ logoutURL: null })
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
  })

  it('is refused from another site', async () => {
    const app = await startLoggedIn()
    const page = await logOut(app, '', { ...JSON_ONLY, 'sec-fetch-site': 'cross-site' })
    expect(page.status).toBe(403)
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
  })
})

describe('a provider with a logout of its own, as Amazon Cognito has', () => {
  it('gets client_id and logout_uri alone, and the person comes back without a state', async () => {
    const app = await startLoggedIn({ postLogoutRedirectParameter: 'logout_uri' })
    const page = await logOut(app, '?return_to=/goodbye')
    expect(sentTo(page)).toEqual({ client_id: 'client-1', logout_uri: REDIRECT_URI })
    const back = `${app.origin}/auth/logged-out`
    expect((await browser.visit(back)).location).toBe(`${app.origin}/goodbye`)
    expect((await browser.visit(back)).location).toBe(`${app.origin}/bye`)
  })
})

describe('a logout while something fails', () => {
  it.each<[string, Parameters<typeof scene.provider.on>[1]]>([
    ['answers 503', json({}, 503)],
    ['cuts the connection', (_request, response) => response.destroy()],
    ['never answers', () => undefined],
  ])('leads to the provider though its revocation endpoint %s', async (_how, script) => {
    const app = await startLoggedIn({ revocationURL: `${provider.issuer}/revoke` })
    scene.provider.on('/revoke', script)
    expect(sentTo(await logOut(app))).toMatchObject(WITHOUT_HINT)
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
  })

  it('can be repeated after the session store has failed, and then leads to the provider', async () => {
    const store = new RecordingStore()
    const app = await startLoggedIn({}, { store })
    const destroy = store.destroy.bind(store)
    store.destroy = (_id, callback) => callback?.(new Error('the disk is full'))
    expect((await logOut(app)).status).toBe(503)
    store.destroy = destroy
    const sent = sentTo(await logOut(app))
    expect(sent).toMatchObject(WITHOUT_HINT)
    expect(sent?.['logout_hint'] ?? sent?.['id_token_hint']).toBeDefined()
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
  })

  it('leads to the provider with what the session knows if the store of grants fails', async () => {
    const store = createMemoryStore()
    const get = store.get.bind(store)
    const one = await startLoggedIn({ grants: grantsIn(store) })
    // Another process, which has not seen the grant.
    const other = await start({ grants: grantsIn(store) }, { store: one.store })
    for (const [name, value] of browser.cookies(one.origin))
      browser.setCookie(other.origin, name, value)
    store.get = () => Promise.reject(new Error('away'))
    const page = await logOut(other)
    store.get = get
    expect(sentTo(page)).toEqual({ ...WITHOUT_HINT, logout_hint: provider.sid })
  })
})
