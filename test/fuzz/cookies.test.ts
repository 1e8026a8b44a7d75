import { beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { cookiePendingLogins } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { setScene } from '../support/scene.js'
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

type Cookie = readonly [name: string, value: string]

/** One change to a list of cookies; positions and offsets wrap around. */
type Change =
  | { readonly change: 'name' | 'value'; position: number; at: number; character: string }
  | { readonly change: 'cut'; position: number; at: number }
  | { readonly change: 'swap'; position: number; at: number }
  | { readonly change: 'drop'; position: number }
  | { readonly change: 'add'; cookie: Cookie; isFirst: boolean }
  | { readonly change: 'double' | 'turn' }

function changedBy(cookies: readonly Cookie[], change: Change): readonly Cookie[] {
  switch (change.change) {
    case 'add':
      return change.isFirst ? [change.cookie, ...cookies] : [...cookies, change.cookie]
    case 'double':
      return [...cookies, ...cookies]
    case 'turn':
      return cookies.toReversed()
  }
  const at = change.position % cookies.length
  const cookie = cookies[at]
  if (cookie === undefined) return cookies
  return cookies.toSpliced(at, 1, ...changedOne(cookie, cookies, change))
}

function changedOne(
  [name, value]: Cookie,
  cookies: readonly Cookie[],
  change: Extract<Change, { position: number }>,
): readonly Cookie[] {
  switch (change.change) {
    case 'name':
      return [[withCharacter(name, change), value]]
    case 'value':
      return [[name, withCharacter(value, change)]]
    case 'cut':
      return [[name, value.slice(0, change.at)]]
    case 'swap':
      return [[name, cookies[change.at % cookies.length]?.[1] ?? '']]
    case 'drop':
      return []
  }
}

function withCharacter(text: string, { at, character }: { at: number; character: string }): string {
  const position = at % (text.length + 1)
  return text.slice(0, position) + character + text.slice(position + 1)
}

const POSITIONS = fc.nat({ max: 7 })
const CHARACTERS = fc.constantFrom(
  ...['', 'a', 'A', '0', '.', '-', '_', '=', '%', '%2e', '%00', '"', ':', '+', '/', '😀', '\u0080'],
)
const NAMES = fc.constantFrom(
  ...['connect.sid', '__Host-login.', '__Host-login.a.b', '__proto__', 'constructor', '', ' '],
)
const VALUES = fc.oneof(
  fc.constantFrom('', 's:', 's%3A', 's:.', 's:a.b', 's:__proto__.x', 'j:{"a":1}', '%', '"', '....'),
  fc.constantFrom('eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aaaa.bbbb.cccc', 'x'.repeat(4_000)),
  // What Node would not take for one line of a header is not a cookie's fault.
  fc.string({ unit: 'grapheme' }).map((value) => value.replace(/[\p{Cc};,]/gu, '_')),
)

const OFFSETS = fc.nat({ max: 400 })

const CHANGES: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    change: fc.constantFrom('name', 'value', 'value', 'value'),
    position: POSITIONS,
    at: OFFSETS,
    character: CHARACTERS,
  }),
  fc.record({ change: fc.constantFrom('cut', 'swap'), position: POSITIONS, at: OFFSETS }),
  fc.record({ change: fc.constant('drop'), position: POSITIONS }),
  fc.record({ change: fc.constant('add'), cookie: fc.tuple(NAMES, VALUES), isFirst: fc.boolean() }),
  fc.record({ change: fc.constantFrom('double', 'turn') }),
)

function headerOf(cookies: readonly Cookie[]): string {
  return cookies.map(([name, value]) => `${name}=${value}`).join('; ')
}

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
      const changes = fc.array(CHANGES, { minLength: 1, maxLength: 3 })
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
          fc.tuple(NAMES, VALUES).map((pair) => pair.join('=')),
          VALUES,
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
      const changes = fc.array(CHANGES, { maxLength: 4 })
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
        fc.array(CHANGES, { minLength: 1, maxLength: 2 }),
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
