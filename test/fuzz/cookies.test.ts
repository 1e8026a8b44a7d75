import { beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { cookiePendingLogins } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { setScene } from '../support/scene.js'
import { changedBy, COOKIE_CHANGES, COOKIE_NAMES, COOKIE_VALUES, headerOf } from './cookies.js'
import type { Change, Cookie } from './cookies.js'
import { expectSilence, fuzz, TEST_LIMIT_MS } from './fuzz.js'
import { makeStrict } from './strict-provider.js'
import type { Secrets } from './strict-provider.js'
import { expectCalm, expectCleanSession, visitorOf } from './visitor.js'

const clientSecret = 'the secret of this client'
const secret = 'a secret of the test, long enough to seal'
const scene = setScene()
expectSilence()

let expected: { secrets: Secrets; authorizationURL: string }
beforeEach(() => {
  const { provider } = scene
  const secrets = makeStrict(provider, clientSecret)
  expected = { secrets, authorizationURL: provider.authorizationURL }
})

/** The same to all who decode it the same: percent-encoding, quotes and the spare bits of Base64 aside. */
function decoded([name, value]: Cookie): string {
  const [first = '', ...parts] = decodeURIComponentOr(value.replace(/^"(.*)"$/, '$1')).split('.')
  // The id of a session and the head of a JWE are taken by the letter.
  const bytes = parts.map((part) => Buffer.from(part, 'base64').toString('hex'))
  return [name.trim(), first, ...bytes].join('.')
}

function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Whether every cookie that the login needs came back as it was. */
function hasAll(header: string, needed: readonly Cookie[]): boolean {
  const sent = header.split(';').map((pair) => {
    const [name = '', value = ''] = pair.trim().split(/=(.*)/s)
    return decoded([name, value.trim()])
  })
  return needed.every((cookie) => sent.includes(decoded(cookie)))
}

const STORES = [
  ['the session', () => ({})],
  ['cookies', () => ({ pendingLogins: cookiePendingLogins({ secret }) })],
] as const

describe.each(STORES)('with pending logins in %s', (_name, options) => {
  const start = () => scene.start({ strategy: { clientSecret, ...options() } })

  /** The cookies of the login that a browser started last. */
  function newest(cookies: readonly Cookie[]): readonly Cookie[] {
    return cookies
      .filter(([name]) => name.startsWith('__Host-') || name === 'connect.sid')
      .slice(-1)
  }

  async function finishWith(app: TestApp, changes: readonly Change[], literal?: string) {
    const visitor = visitorOf(app)
    await visitor.startLogin()
    const { callback } = await visitor.startLogin()
    const cookies: readonly Cookie[] = [...visitor.browser.cookies(app.origin)]
    const changed = changes.reduce(changedBy, cookies)
    const header = literal ?? headerOf(changed)

    const answer = await visitor.send({ target: callback.replace(app.origin, '') }, header)
    expectCalm(answer, app, expected)
    const isLoggedIn = await visitor.isLoggedIn()
    const isWhole = hasAll(header, newest(cookies))
    // A second cookie of the same name may hide the honest one: then nobody is logged in, which is safe.
    expect(isLoggedIn && !isWhole).toBe(false)
    if (header === headerOf(cookies)) expect(isLoggedIn).toBe(true)
    await expectCleanSession(app, visitor.browser)
    await visitor.expectLogin()
  }

  it(
    'logs nobody in by a callback whose cookies are not those of its login',
    async () => {
      const app = await start()
      const changes = fc.array(COOKIE_CHANGES, { minLength: 1, maxLength: 3 })
      const property = fc.asyncProperty(changes, (some) => finishWith(app, some))
      await fuzz(property, { examples: [[[]]], times: 2 })
    },
    TEST_LIMIT_MS,
  )

  it(
    'logs nobody in by a callback with any other cookie header',
    async () => {
      const app = await start()
      const pairs = fc.array(
        fc.oneof(
          fc.tuple(COOKIE_NAMES, COOKIE_VALUES).map((pair) => pair.join('=')),
          COOKIE_VALUES,
        ),
        { maxLength: 12 },
      )
      const separators = fc.constantFrom('; ', ';', ',', ' ', ';;')
      const property = fc.asyncProperty(pairs, separators, (some, separator) =>
        finishWith(app, [], some.join(separator)),
      )
      await fuzz(property)
    },
    TEST_LIMIT_MS,
  )

  it(
    'starts and ends a login for a browser with any cookies',
    async () => {
      const app = await start()
      const targets = fc.constantFrom('GET /auth/login', 'POST /auth/logout', 'POST /auth/callback')
      const changes = fc.array(COOKIE_CHANGES, { maxLength: 4 })
      const property = fc.asyncProperty(targets, changes, async (route, some) => {
        const visitor = visitorOf(app)
        await visitor.startLogin()
        const cookies: readonly Cookie[] = [...visitor.browser.cookies(app.origin)]
        const header = headerOf(some.reduce(changedBy, cookies))
        const [method = '', target = ''] = route.split(' ')
        const answer = await visitor.send({ method, target }, header)
        expectCalm(answer, app, expected)
        expect(await visitor.isLoggedIn()).toBe(false)
        await expectCleanSession(app, visitor.browser)
        await visitor.expectLogin()
      })
      await fuzz(property)
    },
    TEST_LIMIT_MS,
  )

  it(
    'shows nobody who is logged in a page for other cookies',
    async () => {
      const app = await start()
      const property = fc.asyncProperty(
        fc.array(COOKIE_CHANGES, { minLength: 1, maxLength: 2 }),
        async (some) => {
          const visitor = visitorOf(app)
          await visitor.expectLogin()
          const cookies: readonly Cookie[] = [...visitor.browser.cookies(app.origin)]
          const header = headerOf(some.reduce(changedBy, cookies))
          const answer = await visitor.send({ target: '/' }, header)
          const session = cookies.filter(([name]) => name === 'connect.sid')
          const isShown = answer.status === 200 && !answer.text.includes('{"user":null}')
          expect(isShown && !hasAll(header, session)).toBe(false)
        },
      )
      await fuzz(property)
    },
    TEST_LIMIT_MS,
  )
})
