import { beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { AuthRouterOptions } from '../../src/index.js'
import { setScene } from '../support/scene.js'
import { expectSilence, fuzz, TEST_LIMIT_MS } from './fuzz.js'
import {
  FORMS,
  HEADERS,
  HONEST_QUERY,
  inRequestLine,
  isHonest,
  QUERIES,
  render,
} from './requests.js'
import type { Form, Template } from './requests.js'
import { makeStrict } from './strict-provider.js'
import type { Secrets } from './strict-provider.js'
import { expectCalm, expectCleanSession, visitorOf } from './visitor.js'

const clientSecret = 'the secret of this client'
const scene = setScene()
expectSilence()

let expected: { secrets: Secrets; authorizationURL: string }
beforeEach(() => {
  const { provider } = scene
  const secrets = makeStrict(provider, clientSecret)
  expected = { secrets, authorizationURL: provider.authorizationURL }
})

const ROUTERS: [string, AuthRouterOptions | undefined][] = [
  ['the application’s own error handler', undefined],
  ['the router’s own pages', {}],
]

describe.each(ROUTERS)('with %s', (_name, router) => {
  const start = () => scene.start({ strategy: { clientSecret }, ...(router && { router }) })

  it(
    'logs nobody in by a callback that does not say what the provider said [fuzz-request-1]',
    async () => {
      const app = await start()
      const examples: [Template, string[]][] = [
        [HONEST_QUERY, []],
        ['code={code encoded}&state={state encoded}', []],
        ['code={code}&state={half a state}', []],
        ['code={code}&state=unknown', []],
        ['code={code}&state=', []],
        [`${HONEST_QUERY}&code={code}`, []],
        [`${HONEST_QUERY}&state={state}`, []],
        [`${HONEST_QUERY}&error=access_denied`, []],
        ['state={state}&error=x;code={code}', []],
        ['state={state}&error_description=x%26code={code}&error=x', []],
        [`${HONEST_QUERY}&__proto__[polluted]=1&constructor[prototype][polluted]=1`, []],
      ]
      const property = fc.asyncProperty(QUERIES, HEADERS, async (template, headers) => {
        const visitor = visitorOf(app)
        const { state, callback } = await visitor.startLogin()
        const honest = { state, code: expected.secrets.codeOf(state) }
        const target = inRequestLine(`/auth/callback?${render(template, honest)}`)

        const answer = await visitor.send({ target, headers })
        expectCalm(answer, app, expected)
        const query = /\?([^#]*)/.exec(Buffer.from(target).toString('latin1'))?.[1] ?? ''
        const isGood = !answer.refused && isHonest(query, honest)
        expect(await visitor.isLoggedIn()).toBe(isGood)
        await expectCleanSession(app, visitor.browser)

        // Whoever repeats a parameter is no provider, and spends nobody's login.
        const states = new URLSearchParams(query).getAll('state')
        const isSpent = !answer.refused && states.length === 1 && states[0] === state
        await visitor.expectLogin(isSpent ? undefined : callback)
      })
      await fuzz(property, { examples })
    },
    TEST_LIMIT_MS,
  )

  it(
    'logs nobody in by a form that does not say what the provider said',
    async () => {
      const app = await start()
      const type = 'Content-Type: application/x-www-form-urlencoded'
      const examples: [Form, string[]][] = [
        [{ body: HONEST_QUERY, headers: [type] }, []],
        [{ body: `${HONEST_QUERY}&code={code}`, headers: [type] }, []],
        [{ body: `${HONEST_QUERY}&error=access_denied`, headers: [type] }, []],
        [{ body: HONEST_QUERY, headers: [type, 'Content-Encoding: gzip'] }, []],
      ]
      const property = fc.asyncProperty(FORMS, HEADERS, async (form, headers) => {
        const visitor = visitorOf(app)
        const { state } = await visitor.startLogin()
        const honest = { state, code: expected.secrets.codeOf(state) }
        const body = render(form.body, honest)

        const all = [...form.headers, ...headers]
        const answer = await visitor.send({
          method: 'POST',
          target: '/auth/callback',
          headers: all,
          body,
        })
        expectCalm(answer, app, expected)
        const isPlainForm = form.headers.length === 1 && form.headers[0] === type
        const isGood = isPlainForm && answer.status !== 413 && isHonest(body, honest)
        const isLoggedIn = await visitor.isLoggedIn()
        if (isPlainForm) expect(isLoggedIn).toBe(isGood)
        // Of other types the parser may read one or the other, and never anything else into it.
        expect(isLoggedIn && !isHonest(body, honest)).toBe(false)
        await expectCleanSession(app, visitor.browser)
        await visitor.expectLogin()
      })
      await fuzz(property, { examples })
    },
    TEST_LIMIT_MS,
  )

  it(
    'starts a login for any query, which ends on this origin',
    async () => {
      const app = await start()
      const returnTo = fc
        .string({
          unit: fc.constantFrom('/', '\\', '.', '%2f', '%5c', '%09', '%00', ':', '@', 'a'),
        })
        .map((path) => `return_to=${path}`)
      const property = fc.asyncProperty(
        fc.oneof(returnTo, QUERIES),
        HEADERS,
        async (query, headers) => {
          const visitor = visitorOf(app)
          const target = inRequestLine(`/auth/login?${query}`)
          const answer = await visitor.send({ target, headers })
          expectCalm(answer, app, expected)
          expect(await visitor.isLoggedIn()).toBe(false)
          await expectCleanSession(app, visitor.browser)

          const location = answer.headers.get('location')
          if (location === null) {
            expect(answer.refused || answer.status === 403).toBe(true)
          } else {
            const { location: callback } = await visitor.browser.visit(location)
            const finished = await visitor.send({
              target: (callback ?? '').replace(app.origin, ''),
            })
            expect(finished.status).toBe(302)
            expectCalm(finished, app, expected)
            expect(await visitor.isLoggedIn()).toBe(true)
          }
          await visitor.expectLogin()
        },
      )
      await fuzz(property, {
        examples: [
          ['return_to=//evil.example', []],
          ['return_to=/a', []],
        ],
      })
    },
    TEST_LIMIT_MS,
  )

  it(
    'logs out for a page of this origin only, whatever it posts [fuzz-request-2]',
    async () => {
      const app = await start()
      const property = fc.asyncProperty(FORMS, HEADERS, QUERIES, async (form, headers, query) => {
        const visitor = visitorOf(app)
        await visitor.expectLogin()
        const target = inRequestLine(`/auth/logout?${query}`)
        const all = [...form.headers, ...headers]
        const answer = await visitor.send({ ...form, method: 'POST', target, headers: all })
        expectCalm(answer, app, expected)
        const isAllowed = !answer.refused && mayLogOut(all, app.origin)
        expect(await visitor.isLoggedIn()).toBe(!isAllowed)
        const done = answer.text.startsWith('{"logoutURL":') ? 200 : 303
        if (!answer.refused) expect(answer.status).toBe(isAllowed ? done : 403)
        await expectCleanSession(app, visitor.browser)
        await visitor.expectLogin()
      })
      const empty = { body: '', headers: [] }
      const headers = [
        ...[
          'Sec-Fetch-Site: same-origin',
          'Sec-Fetch-Site: same-site',
          'Sec-Fetch-Site: cross-site',
        ],
        ...['Origin: https://evil.example', 'Origin: null', `Origin: ${app.origin}`],
      ]
      await fuzz(property, { examples: headers.map((line) => [empty, [line], '']) })
    },
    TEST_LIMIT_MS,
  )
})

/** What a browser says of where a request comes from; Node takes the first of two lines of a kind, or joins them. */
function mayLogOut(headers: readonly string[], origin: string): boolean {
  const lines = (name: string): string[] =>
    headers
      .filter((line) => line.startsWith(`${name}: `))
      .map((line) => line.slice(name.length + 2).trim())
  const sites = lines('Sec-Fetch-Site')
  if (sites.length > 0) return ['same-origin', 'none'].includes(sites.join(', '))
  const [first] = lines('Origin')
  return first === undefined || first === origin
}
