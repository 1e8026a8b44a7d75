import { beforeEach, describe, expect, it } from '@jest/globals'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { MemoryGrants, requireLogin } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { bodyOf, sessionIdOf } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import { serveScopes } from '../support/scope-server.js'
import type { ScopeServer } from '../support/scope-server.js'
import { until } from '../support/until.js'

/** A login for more never loses what was granted before. */

const HOUR = 3600
const WHERE = 'tokens in the session'

const scene = setScene()
let server: ScopeServer
let browser: Browser
let kept: Partial<AuthorizationCodeOptions>

beforeEach(() => {
  server = serveScopes(scene.provider)
  browser = new Browser()
})

/** An app with a page for each scope, `/token` and `/token/<scope>`. */
async function start(
  options: Partial<AuthorizationCodeOptions> = {},
  store = new RecordingStore(),
  startOne: 'start' | 'startAnew' = 'start',
): Promise<TestApp> {
  return scene[startOne]({
    store,
    strategy: {
      scope: 'profile',
      revocationURL: server.revocationURL,
      revocationEnds: 'token',
      accountOf: () => 'me',
      ...kept,
      ...options,
    },
    routes: (app, strategy) => {
      for (const scope of ['files', 'mail', 'photos', 'notes']) {
        const needs = { strategy, scope, loginPath: '/auth/login' }
        app.get(`/${scope}`, requireLogin(needs), (_req, res) => res.json({ scope }))
        app.get(`/token/${scope}`, (req, res, next) => {
          strategy.accessToken(req, { scope }).then((token) => res.json({ token }), next)
        })
      }
      app.get('/both', requireLogin({ strategy, scope: ['files', 'mail'] }), (_req, res) => {
        res.json({ ok: true })
      })
      app.get('/end', (req, res, next) => {
        strategy.endGrant(req).then(() => res.end(), next)
      })
    },
  })
}

/** A browser with the cookies of another. */
function copyOf(other: Browser, from: string, to = from): Browser {
  const copy = new Browser()
  for (const [name, value] of other.cookies(from)) copy.setCookie(to, name, value)
  return copy
}

/** The scope of the token that a path shows. */
async function scopeAt({ origin }: TestApp, path = '/token'): Promise<unknown> {
  const body = bodyOf(await browser.visit(`${origin}${path}`))
  const token = body['token'] ?? body['accessToken']
  return typeof token === 'string' ? token.split(':')[1] : body['code']
}

async function visit({ origin }: TestApp, path: string): Promise<number> {
  return (await browser.follow(`${origin}${path}`)).status
}

describe.each<[string, () => Partial<AuthorizationCodeOptions>]>([
  [WHERE, () => ({})],
  ['tokens in the session, sealed', () => ({ tokenSecret: 'a secret of 32 characters or more' })],
  ['grants in a store', () => ({ grants: new MemoryGrants() })],
  ['account grants', () => ({ grants: new MemoryGrants(), grantLifetime: 'account' })],
])('with %s, a login for more', (where, options) => {
  beforeEach(() => {
    kept = options()
  })

  it('that brings no refresh token keeps the one from before', async () => {
    const app = await start()
    await visit(app, '/auth/login')
    server.grant = () => ({ refreshable: false })
    expect(await visit(app, '/files')).toBe(200)
    expect(await scopeAt(app)).toBe('profile files')
    expect(server.revoked).toEqual([])

    advanceClock(2 * HOUR)
    expect(await scopeAt(app)).toBe('profile')
    expect(app.errors).toEqual([])
  })

  it('that is granted less keeps what was granted before', async () => {
    server.grant = () => ({ scope: 'profile files' })
    const app = await start()
    await visit(app, '/auth/login')
    server.grant = () => ({ scope: 'mail' })
    expect(await visit(app, '/mail')).toBe(200)
    expect(await visit(app, '/files')).toBe(200)
    expect(await visit(app, '/both')).toBe(200)
    expect(server.wanted).toHaveLength(2)
    expect(await scopeAt(app)).toBe('profile files')
    expect(await scopeAt(app, '/token/mail')).toBe('mail')

    advanceClock(2 * HOUR)
    expect(await scopeAt(app)).toBe('profile files')
    expect(await scopeAt(app, '/token/mail')).toBe('mail')
    advanceClock(2 * HOUR)
    expect(await scopeAt(app, '/token/mail')).toBe('mail')
    expect(await scopeAt(app)).toBe('profile files')
    expect(app.errors).toEqual([])
    expect(server.revoked).toEqual([])
  })

  it('takes the place of a token that can do no more', async () => {
    const app = await start()
    await visit(app, '/auth/login')
    for (const scope of ['files', 'mail', 'photos', 'notes']) {
      expect(await visit(app, `/${scope}`)).toBe(200)
    }
    expect(await scopeAt(app)).toBe('profile files mail photos notes')
    if (kept.grantLifetime === 'account') return
    await until(() => server.revoked.length === 4)
    expect(server.revoked).toEqual([
      'refresh-1:profile',
      'refresh-2:profile files',
      'refresh-3:profile files mail',
      'refresh-4:profile files mail photos',
    ])
    await browser.post(`${app.origin}/auth/logout`)
    await until(() => server.revoked.length === 5)
  })

  it('changes the id of the session', async () => {
    const app = await start()
    await visit(app, '/auth/login')
    const before = sessionIdOf(browser, app.origin)
    await visit(app, '/files')
    expect(sessionIdOf(browser, app.origin)).not.toBe(before)
  })

  it('leaves nothing to a session that was written back after its end', async () => {
    const store = new RecordingStore()
    const app = await start({}, store)
    await visit(app, '/auth/login')
    const id = sessionIdOf(browser, app.origin) ?? ''
    const earlier = copyOf(browser, app.origin)
    const { [id]: content } = await store.contents()
    await visit(app, '/files')
    await new Promise((done) => store.set(id, content as never, done))
    const own = browser
    browser = earlier
    expect(await scopeAt(app)).toBe('ERR_LOGIN_REQUIRED')
    await browser.post(`${app.origin}/auth/logout`)
    browser = own
    expect(await scopeAt(app)).toBe('profile files')
  })

  it('of another person changes nothing', async () => {
    const app = await start()
    await visit(app, '/auth/login')
    server.person = 'grace'
    expect(await visit(app, '/files')).toBe(403)
    expect(app.errors).toMatchObject([{ code: 'ERR_ANOTHER_PERSON' }])
    expect(await scopeAt(app)).toBe('profile')
    advanceClock(2 * HOUR)
    expect(await scopeAt(app)).toBe('profile')
  })

  it('is a login of its own if the grant has ended meanwhile', async () => {
    const app = await start()
    await visit(app, '/auth/login')
    const sent = await browser.visit(`${app.origin}/files`)
    const answer = await browser.visit(sent.location ?? '')
    await browser.visit(`${app.origin}/end`)
    expect((await browser.follow(answer.location ?? '')).status).toBe(200)
    expect(await scopeAt(app)).toBe('profile files')
    advanceClock(2 * HOUR)
    expect(await scopeAt(app)).toBe('profile files')
  })

  it('ends with its session, and all tokens are revoked', async () => {
    const app = await start()
    await visit(app, '/auth/login')
    server.grant = () => ({ scope: 'mail' })
    await visit(app, '/mail')
    await browser.post(`${app.origin}/auth/logout`)
    const isOver = kept.grantLifetime !== 'account'
    await until(() => server.revoked.length === (isOver ? 2 : 0))
    expect([...server.revoked].sort()).toEqual(
      isOver ? ['refresh-1:profile', 'refresh-2:mail'] : [],
    )
    expect(await scopeAt(app)).toBe('ERR_LOGIN_REQUIRED')
  })

  it('counts in another process at once, whatever that remembers', async () => {
    if (kept.grants === undefined) return
    const sessions = new RecordingStore()
    const shared = createMemoryStore()
    const app = await start({ grants: grantsIn(shared, 10) }, sessions)
    const other = await start({ grants: grantsIn(shared, 10) }, sessions)
    await visit(app, '/auth/login')
    browser = copyOf(browser, app.origin, other.origin)
    for (const scope of ['files', 'mail', 'photos']) {
      expect(await scopeAt(other)).not.toBe('ERR_LOGIN_REQUIRED')
      browser = copyOf(browser, other.origin, app.origin)
      expect(await visit(app, `/${scope}`)).toBe(200)
      browser = copyOf(browser, app.origin, other.origin)
      expect((await browser.visit(`${other.origin}/${scope}`)).status).toBe(200)
      expect(await scopeAt(other, `/token/${scope}`)).toContain(scope)
      expect((await browser.visit(`${other.origin}/private`)).status).toBe(200)
    }
    expect([...app.errors, ...other.errors]).toEqual([])
  })

  it('is known to jobs', async () => {
    if (kept.grants === undefined) return
    const app = await start()
    await visit(app, '/auth/login')
    server.grant = () => ({ scope: 'mail' })
    await visit(app, '/mail')
    expect(await app.strategy.listGrants('me')).toHaveLength(1)
    const tokens = [
      await app.strategy.accessToken({ account: 'me' }),
      await app.strategy.accessToken({ account: 'me' }, { scope: 'mail' }),
    ]
    expect(tokens.map((token) => token.split(':')[1])).toEqual(['profile', 'mail'])
  })

  it('survives a restart of the process', async () => {
    if (kept.grants !== undefined) return
    const store = new RecordingStore()
    const app = await start({}, store)
    await visit(app, '/auth/login')
    server.grant = () => ({ scope: 'mail' })
    await visit(app, '/mail')
    advanceClock(2 * HOUR)
    expect(await scopeAt(app, '/token/mail')).toBe('mail')

    const anew = await start({}, store, 'startAnew')
    browser = copyOf(browser, app.origin, anew.origin)
    expect(await scopeAt(anew)).toBe('profile')
    expect(await scopeAt(anew, '/token/mail')).toBe('mail')
    advanceClock(2 * HOUR)
    expect(await scopeAt(anew, '/token/mail')).toBe('mail')
    expect(await scopeAt(anew)).toBe('profile')
    expect(anew.errors).toEqual([])
  })
})
