import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { RedisStore } from 'connect-redis'
import type { Store } from 'express-session'
import { AuthorizationCodeStrategy, authRouter, requireLogin } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { RedisGrants } from '../../src/redis.js'
import { strategyIdOf, readOptions } from '../../src/options/read-options.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, formOf, ONE_LOGIN, startLogin } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { startRedisServer } from '../support/redis-server.js'
import type { RedisServer } from '../support/redis-server.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { grantsIn } from '../support/grant-modes.js'
import { describeWithRedis } from '../support/requirements.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import type { RotatingProvider } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

const HOUR = 3600
const OLD = 'an old secret of 32 characters or more'
const NEW = 'a new secret of 32 characters or more'
const ONE_REFRESH: readonly string[] = ['POST /token']

type TokenSecret = AuthorizationCodeOptions['tokenSecret']

const scene = setScene()
let provider: ScriptedProvider
let rotating: RotatingProvider
let store: RecordingStore
let browser: Browser

beforeEach(() => {
  ;({ provider } = scene)
  rotating = rotateRefreshTokens(provider)
  store = new RecordingStore()
  browser = new Browser()
})

/** A process of the application with this secret; `another` one finds the same sessions. */
async function start(
  tokenSecret: TokenSecret,
  another?: TestApp,
  sessions: Store = store,
): Promise<TestApp> {
  const app = await scene.start({
    store: sessions,
    strategy: tokenSecret === undefined ? {} : { tokenSecret },
    routes: (one, strategy) => {
      one.get('/strict', requireLogin({ loginPath: '/auth/login', strategy }), (req, res, next) => {
        strategy.accessToken(req).then((accessToken) => res.json({ accessToken }), next)
      })
    },
  })
  if (another !== undefined) {
    for (const [name, value] of browser.cookies(another.origin)) {
      browser.setCookie(app.origin, name, value)
    }
  }
  return app
}

async function logIn(app: TestApp): Promise<void> {
  await browser.follow(app.loginURL)
  provider.requests.length = 0
}

async function tokenOf({ origin }: TestApp): Promise<unknown> {
  const page = await browser.visit(`${origin}/token`)
  expect(page.status).toBe(200)
  return bodyOf(page)['accessToken']
}

interface Entry {
  readonly id: string
  readonly held: unknown
}

/** The only session of the store, and the entry of the strategy in it. */
async function stored(): Promise<{ id: string; session: Record<string, unknown>; entry: Entry }> {
  const [[id, session] = ['', {}], ...others] = Object.entries(await store.contents())
  expect(others).toEqual([])
  const part = (session as Record<string, unknown>)['oauth2:oauth2'] as { entry: Entry }
  return { id, session, entry: part.entry }
}

/** Puts another `held` into the only session of the store. */
async function replaceHeld(change: (held: string) => unknown): Promise<void> {
  const { id, session, entry } = await stored()
  const held = change(entry.held as string)
  const changed = { ...session, 'oauth2:oauth2': { entry: { ...entry, held } } }
  await new Promise<unknown>((done) => store.set(id, changed as never, done))
}

/** 401 for a script, login for a page that requires tokens, and all is well after it. */
async function expectLoginAgain(app: TestApp): Promise<void> {
  const page = await browser.visit(`${app.origin}/token`)
  expect([page.status, page.text]).toEqual([401, '{"code":"ERR_LOGIN_REQUIRED"}'])
  expect(app.errors).toEqual([expect.objectContaining({ reason: 'unreadable' })])
  expect(bodyOf(await browser.visit(`${app.origin}/tokens`))).toEqual({ tokens: null })
  expect((await browser.request(`${app.origin}/strict`)).status).toBe(401)
  expect((await browser.visit(`${app.origin}/strict`)).location).toBe(
    `${app.loginURL}?return_to=%2Fstrict`,
  )
  expect(asked(provider)).toEqual([])

  const back = await browser.follow(`${app.origin}/strict`)
  expect([back.url, back.status]).toEqual([`${app.origin}/strict`, 200])
  expect(asked(provider)).toEqual(ONE_LOGIN)
  expect(app.errors).toHaveLength(1)
}

describe('with tokenSecret', () => {
  it('nothing of the tokens lies in the session in clear [sealing-2]', async () => {
    rotating.response = { scope: 'a-very-telling-scope' }
    const app = await start(NEW)
    await logIn(app)
    const { session, entry } = await stored()
    expect(entry).toEqual({
      id: expect.any(String),
      owner: expect.any(String),
      version: 1,
      held: expect.stringMatching(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/),
    })
    expectNothingOf([JSON.stringify(session)], [...rotating.issued, 'a-very-telling-scope'])

    advanceClock(HOUR)
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    const renewed = await stored()
    expect(renewed.entry).toMatchObject({ id: entry.id, version: 2 })
    expect(renewed.entry.held).not.toBe(entry.held)
    expectNothingOf([JSON.stringify(renewed.session)], rotating.issued)
    expect(asked(provider)).toEqual(ONE_REFRESH)
  })

  it.each<[string, () => Partial<AuthorizationCodeOptions>]>([
    ['tokenSecret', () => ({ tokenSecret: NEW })],
    ['grants', () => ({ grants: grantsIn(createMemoryStore()) })],
  ])('with %s, the code verifier of a pending login is sealed too', async (_, strategy) => {
    const app = await scene.start({ store, strategy: strategy() })
    const { location = '' } = await browser.visit(app.loginURL)
    const pending = JSON.stringify(await store.contents())
    const { location: callback = '' } = await browser.visit(location)
    expect((await browser.visit(callback)).status).toBe(302)
    const [request] = provider.requestsTo('/token')
    const verifier = new URLSearchParams(request?.body).get('code_verifier') ?? ''
    expect(verifier).toMatch(/^[\w-]{43}$/)
    expect(pending).toContain('codeVerifier')
    expect(pending).not.toContain(verifier)
  })

  it('a login that was started before the secret can be finished, one whose secret is gone can start again', async () => {
    const before = await start(undefined)
    const { location = '' } = await browser.visit(before.loginURL)
    const { location: callback = '' } = await browser.visit(location)
    const after = await start(OLD, before)
    expect((await browser.visit(callback.replace(before.origin, after.origin))).status).toBe(302)

    browser = new Browser()
    const { location: next = '' } = await browser.visit(after.loginURL)
    const { location: lost = '' } = await browser.visit(next)
    const other = await start(NEW, after)
    const page = await browser.visit(lost.replace(after.origin, other.origin))
    expect([page.status, bodyOf(page)]).toEqual([400, { code: 'ERR_PENDING_LOGIN_UNKNOWN' }])
    expect((await browser.follow(other.loginURL)).status).toBe(200)
  })

  it('seals the same tokens differently each time', async () => {
    const app = await start(NEW)
    await logIn(app)
    const { entry } = await stored()
    await browser.post(`${app.origin}/auth/logout`)
    rotateRefreshTokens(provider)
    await logIn(app)
    expect((await stored()).entry.held).not.toBe(entry.held)
  })

  it('a new secret before the old one opens what the old one has sealed, and seals anew', async () => {
    const before = await start(OLD)
    await logIn(before)
    const { entry } = await stored()

    const during = await start([NEW, OLD], before)
    expect(await tokenOf(during)).toBe('access-token-1-of-ada')
    advanceClock(HOUR)
    expect(await tokenOf(during)).toBe('access-token-2-of-ada')
    expect((await stored()).entry.held).not.toBe(entry.held)

    const after = await start(NEW, during)
    expect(await tokenOf(after)).toBe('access-token-2-of-ada')
    advanceClock(HOUR)
    expect(await tokenOf(after)).toBe('access-token-3-of-ada')
    expect(asked(provider)).toEqual([...ONE_REFRESH, ...ONE_REFRESH])
    expect(after.errors).toEqual([])
  })

  it('an old secret that is only known for opening keeps working', async () => {
    const before = await start(OLD)
    await logIn(before)
    const after = await start([OLD, NEW], before)
    advanceClock(HOUR)
    expect(await tokenOf(after)).toBe('access-token-2-of-ada')
    const back = await start(OLD, after)
    expect(await tokenOf(back)).toBe('access-token-2-of-ada')
    expect(asked(provider)).toEqual(ONE_REFRESH)
  })

  it('a session that opens with no secret means to log in again', async () => {
    const before = await start(OLD)
    await logIn(before)
    await expectLoginAgain(await start(NEW, before))
  })

  it('a sealed session means to log in again where the secret was taken away', async () => {
    const before = await start(OLD)
    await logIn(before)
    await expectLoginAgain(await start(undefined, before))
  })

  it('logging out works in a session that opens with no secret', async () => {
    const before = await start(OLD)
    await logIn(before)
    const app = await start(NEW, before)
    expect((await browser.post(`${app.origin}/auth/logout`)).status).toBe(303)
    expect(await store.contents()).toEqual({})
    expect(asked(provider)).toEqual([])
    expect(app.errors).toEqual([])
  })

  const TAMPERED: Record<string, (held: string) => string> = {
    'a changed ciphertext': (held) => replacePart(held, 3, flip),
    'a changed tag': (held) => replacePart(held, 4, flip),
    'a changed nonce': (held) => replacePart(held, 2, flip),
    'a changed header': (held) => replacePart(held, 0, flip),
    'another algorithm': (held) => replaceHeader(held, { alg: 'A256GCMKW' }),
    'no encryption': (held) => replaceHeader(held, { enc: 'none' }),
    'a header without a key id': (held) => replaceHeader(held, { kid: undefined }),
    'another context': (held) => replaceHeader(held, { context: 'oauth2:other' }),
    'half of it': (held) => held.slice(0, held.length / 2),
    'nothing in it': () => '',
    'nonsense in it': () => 'nonsense',
    'five empty parts': () => '....',
    'a signed token in it': () => 'eyJhbGciOiJub25lIn0.e30.',
  }

  it.each(Object.entries(TAMPERED))(
    'a session with %s means to log in again',
    async (_what, tamper) => {
      const app = await start(NEW)
      await logIn(app)
      await replaceHeld(tamper)
      await expectLoginAgain(app)
    },
  )

  it('what was sealed for one strategy does not open in the part of another', async () => {
    let other: AuthorizationCodeStrategy | undefined
    const app = await scene.start({
      store,
      strategy: { tokenSecret: NEW },
      routes: (one, strategy) => {
        const { authorizationURL, tokenURL } = provider
        const urls = { authorizationURL, tokenURL, callbackURL: 'http://localhost/other/callback' }
        const options = { name: 'other', clientID: 'client-2', tokenSecret: NEW, ...urls }
        other = new AuthorizationCodeStrategy(options)
        const owner = strategyIdOf(readOptions(options))
        one.use('/other', authRouter(other, { connect: true }))
        one.get('/moved', (req, res, next) => {
          const parts = req.session as unknown as Record<string, unknown>
          const { entry } = parts['oauth2:oauth2'] as { entry: Entry }
          parts['oauth2:other'] = { entry: { ...entry, owner } }
          Promise.all([strategy.tokens(req), other?.tokens(req)]).then(
            ([own, moved]) => res.json({ own: own !== undefined, moved: moved !== undefined }),
            next,
          )
        })
        one.get('/other/token', (req, res, next) => {
          other?.accessToken(req).then(() => res.end(), next)
        })
      },
    })
    await logIn(app)
    expect(bodyOf(await browser.visit(`${app.origin}/moved`))).toEqual({ own: true, moved: false })
    expect((await browser.visit(`${app.origin}/other/token`)).status).toBe(401)
    expect(app.errors).toEqual([expect.objectContaining({ reason: 'unreadable' })])
    expect(asked(provider)).toEqual([])
  })

  it('turned on later, works with the sessions from before, and seals them at their next renewal', async () => {
    const before = await start(undefined)
    await logIn(before)
    const app = await start(NEW, before)
    expect(await tokenOf(app)).toBe('access-token-1-of-ada')
    advanceClock(HOUR)
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    const { session, entry } = await stored()
    expect(entry.held).toEqual(expect.any(String))
    expectNothingOf([JSON.stringify(session)], rotating.issued)
    expect(asked(provider)).toEqual(ONE_REFRESH)
    expect(app.errors).toEqual([])
  })

  it.each<[string, unknown]>([
    ['too short', 'x'.repeat(31)],
    ['empty', ''],
    ['an empty list', []],
    ['too short in a list', [NEW, 'short']],
    ['not a string', 42],
    ['not a string in a list', [NEW, undefined]],
    ['null', null],
    ['an environment variable that is not set', undefined],
  ])('that is %s is refused at start', (_what, tokenSecret) => {
    const { authorizationURL, tokenURL } = provider
    const options = { authorizationURL, tokenURL, clientID: 'c', callbackURL: 'http://localhost/' }
    const create = () =>
      new AuthorizationCodeStrategy({ ...options, tokenSecret: tokenSecret as TokenSecret })
    expect(create).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'tokenSecret' }),
    )
  })

  it('a secret never shows in a logged strategy', async () => {
    const { inspect } = await import('node:util')
    const { strategy } = await start([NEW, OLD])
    const said = inspect(strategy, { depth: 10 }) + JSON.stringify(strategy)
    expectNothingOf([said], [NEW, OLD])
  })
})

describeWithRedis('everything in Redis', (redisServer) => {
  let redis: RedisServer
  beforeAll(async () => (redis = await startRedisServer(redisServer)))
  beforeEach(() => redis.client.flushAll())
  afterAll(() => redis.stop())

  it.each<[string, () => Partial<AuthorizationCodeOptions>]>([
    ['tokenSecret', () => ({ tokenSecret: NEW })],
    ['RedisGrants', () => ({ grants: new RedisGrants({ client: redis.client, secret: NEW }) })],
  ])('holds no token, code or verifier in clear, with %s [sealing-1]', async (what, options) => {
    const app = await scene.start({
      store: new RedisStore({ client: redis.client }),
      strategy: { ...options(), revocationURL: rotating.revocationURL },
    })
    const { callback } = await startLogin(browser, app.loginURL)
    const pending = await redis.dump()
    await browser.visit(callback)
    const form = formOf(provider.requestsTo('/token')[0])
    const spent = [form.get('code') ?? '', form.get('code_verifier') ?? '']
    expectNothingOf([...pending, ...pending.flatMap(stringsIn)], spent)

    const expectNothingTold = async (): Promise<void> => {
      const texts = await redis.dump()
      const secrets = [...rotating.issued, ...spent, 'secret-1', NEW]
      expectNothingOf([...texts, ...texts.flatMap(stringsIn)], secrets)
    }

    await expectNothingTold()
    for (const version of [2, 3]) {
      advanceClock(HOUR)
      expect(await tokenOf(app)).toBe(`access-token-${version}-of-ada`)
      await expectNothingTold()
    }
    // They are there, or the test would prove nothing: the grant, and where the login is, for the same callback elsewhere.
    const sealed = (await redis.dump()).join('\n').match(/eyJ[\w-]+\.(?:[\w-]*\.){3}[\w-]+/g)
    expect(sealed).toHaveLength(what === 'RedisGrants' ? 2 : 1)

    await browser.post(`${app.origin}/auth/logout`)
    await expectNothingTold()
  })
})

/** Names what was found by its place, in any spelling that a store might use. */
function expectNothingOf(stored: readonly string[], secrets: readonly string[]): void {
  // A secret inside of a longer text is encoded in another way than on its own.
  const encoded = stored.flatMap((text) => text.match(/[\w+/-]{16,}/g) ?? [])
  const decoded = encoded.map((part) => Buffer.from(part, 'base64').toString('latin1'))
  const texts = [...stored, ...decoded]
  const found = secrets.flatMap((secret, index) => {
    const spellings = [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      Buffer.from(secret).toString('base64url'),
      Buffer.from(secret).toString('hex'),
    ]
    return spellings.some((spelling) => texts.some((text) => text.includes(spelling)))
      ? [`secret ${index}`]
      : []
  })
  expect(found).toEqual([])
}

/** The text, all strings of the JSON in it, at any depth, and what stands between colons and braces. */
function stringsIn(text: string): string[] {
  const parts = text.split(/[:{}]/)
  try {
    return [text, ...parts, ...deepStrings(JSON.parse(text))]
  } catch {
    return [text, ...parts]
  }
}

function deepStrings(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => [key, ...deepStrings(member)])
}

function replacePart(jwe: string, index: number, change: (part: string) => string): string {
  return jwe
    .split('.')
    .map((part, at) => (at === index ? change(part) : part))
    .join('.')
}

/** Another character in the middle, where all of its bits count. */
function flip(part: string): string {
  const at = Math.floor(part.length / 2)
  return part.slice(0, at) + (part.charAt(at) === 'A' ? 'B' : 'A') + part.slice(at + 1)
}

function replaceHeader(jwe: string, members: Record<string, unknown>): string {
  return replacePart(jwe, 0, (header) => {
    const old = JSON.parse(Buffer.from(header, 'base64url').toString()) as object
    return Buffer.from(JSON.stringify({ ...old, ...members })).toString('base64url')
  })
}
