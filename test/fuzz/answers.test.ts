import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Express } from 'express'
import fc from 'fast-check'
import { ProfileError, TokenEndpointError } from '../../src/index.js'
import type { AuthorizationCodeStrategy } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { expectNoneOf } from '../support/errors.js'
import { bodyOf, formOf } from '../support/login.js'
import { speakOpenId } from '../support/openid-provider.js'
import { renewedToken } from '../support/renewed-token.js'
import { setScene } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'
import { answers, arrived, changedJson, deliver, HONEST_ANSWER, TOKEN_ANSWERS } from './answers.js'
import type { Filling, StrangeAnswer } from './answers.js'
import { expectSilence, fuzz, TEST_LIMIT_MS } from './fuzz.js'
import { calledTokens, endsGrant, tokensIn } from './token-oracle.js'
import { visitorOf } from './visitor.js'
import type { Visitor } from './visitor.js'

const clientSecret = 'the secret of this client'
const responseLimitBytes = 4096
const scene = setScene()
expectSilence()

/** `/renewed` renews in any case. */
function addRenewed(app: Express, strategy: AuthorizationCodeStrategy): void {
  app.get('/renewed', (req, res, next) => {
    renewedToken(strategy, req).then((accessToken) => res.json({ accessToken }), next)
  })
}

let app: TestApp
beforeEach(async () => {
  app = await scene.start({ routes: addRenewed, strategy: { clientSecret, responseLimitBytes } })
})

/** The statuses that tell of a provider's fault. */
const FAULTS = [400, 500, 502, 503]

/** Values that are nowhere else, for one answer. */
function uniqueFilling(others: Filling = {}): Filling {
  const unique = (name: string): string => `${name}.${randomBytes(9).toString('base64url')}`
  const values = { access: unique('a'), refresh: unique('r') }
  return { ...values, secret: clientSecret, ...others }
}

/** The next token request is answered strangely; `others` are filled in as well as what it brings. */
function answerStrangely(answer: StrangeAnswer, others: Filling): Filling {
  const filling: Record<string, string> = { ...uniqueFilling(others) }
  scene.provider.onToken((request, response) => {
    const verifier = formOf(request).get('code_verifier')
    if (verifier !== null) filling['verifier'] = verifier
    deliver(answer, filling)(request, response)
  })
  return filling
}

/** What the application was told about its provider names no secret, and so does the page. */
function expectKnownError(
  page: { status: number; text: string },
  kind: typeof TokenEndpointError | typeof ProfileError,
  secrets: readonly string[],
): void {
  expect(FAULTS).toContain(page.status)
  const errors = app.errors.splice(0)
  expect(errors.map((error) => error instanceof kind)).toEqual([true])
  for (const error of errors) expectNoneOf(secrets, error)
  expect(secrets.filter((secret) => page.text.includes(secret))).toEqual([])
}

/**
 * What the request brought and what the answer calls a token. A token in a text alone, which nothing says
 * is one, cannot be told from the text.
 */
function secretsIn(
  { access: _access, refresh: _refresh, ...brought }: Filling,
  came: ReturnType<typeof arrived>,
): string[] {
  return [...Object.values(brought), ...calledTokens(came)]
}

async function tokensOf({ browser }: Visitor): Promise<Record<string, unknown> | null> {
  const page = await browser.visit(`${app.origin}/tokens`)
  return bodyOf(page)['tokens'] as Record<string, unknown> | null
}

/** The provider is honest again, and the same browser can log in. */
async function expectHonestLogin(visitor: Visitor): Promise<void> {
  scene.provider.onToken((request, response) => json(tokenResponse())(request, response))
  scene.provider.onProfile(json({ sub: 'ada' }))
  await visitor.expectLogin()
}

const PROTOTYPE = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}'

describe('a token endpoint that answers the code strangely', () => {
  const EXAMPLES: StrangeAnswer[] = [
    HONEST_ANSWER,
    { ...HONEST_ANSWER, delivery: 'chunked' },
    { ...HONEST_ANSWER, body: '{"access_token":"{access}","token_type":"DPoP"}' },
    { ...HONEST_ANSWER, delivery: 'cut off' },
    { ...HONEST_ANSWER, delivery: 'reset' },
    { ...HONEST_ANSWER, delivery: 'endless' },
    { ...HONEST_ANSWER, body: `{${PROTOTYPE},${(HONEST_ANSWER.body as string).slice(1)}` },
    // What is not a member of the answer itself is none: these have no access token, and no type.
    { ...HONEST_ANSWER, body: '{"token_type":"Bearer","__proto__":{"access_token":"{access}"}}' },
    { ...HONEST_ANSWER, body: '{"access_token":"{access}","__proto__":{"token_type":"Bearer"}}' },
    {
      ...HONEST_ANSWER,
      status: 400,
      body: '{"error":"{code}","error_description":"{verifier} {secret} {code}"}',
    },
    // Found: a refusal that has tokens all the same, and quotes them.
    {
      ...HONEST_ANSWER,
      status: 400,
      body: '{"access_token":"{access}","error":"x","error_description":"no {access}"}',
    },
  ]

  it(
    'logs somebody in if the answer is a token response, and gives a known error if not [fuzz-answer-1]',
    async () => {
      const property = fc.asyncProperty(TOKEN_ANSWERS, async (answer) => {
        const visitor = visitorOf(app)
        const { callback } = await visitor.startLogin()
        const code = new URL(callback).searchParams.get('code') ?? ''
        const filling = answerStrangely(answer, { code })
        const requestsBefore = scene.provider.requestsTo('/token').length

        const page = await visitor.browser.visit(callback)
        expect(scene.provider.requestsTo('/token')).toHaveLength(requestsBefore + 1)
        const came = arrived(answer, filling, responseLimitBytes)
        const tokens = tokensIn(came)
        expect(await visitor.isLoggedIn()).toBe(tokens !== undefined)
        if (tokens === undefined) {
          expectKnownError(page, TokenEndpointError, secretsIn(filling, came))
        } else {
          expect(page.status).toBe(302)
          const { accessToken, refreshToken } = (await tokensOf(visitor)) ?? {}
          expect({ accessToken, refreshToken }).toEqual(tokens)
        }
        await expectHonestLogin(visitor)
      })
      await fuzz(property, { examples: EXAMPLES.map((one) => [one]), times: 3 })
    },
    TEST_LIMIT_MS,
  )

  it(
    'leaves the session its tokens when it answers a refresh, unless it ends the grant',
    async () => {
      const property = fc.asyncProperty(TOKEN_ANSWERS, async (answer) => {
        const visitor = visitorOf(app)
        const before = uniqueFilling()
        const { access = '', refresh = '' } = before
        const held = { access_token: access, refresh_token: refresh }
        scene.provider.onToken(json(tokenResponse(held)))
        await visitor.expectLogin()
        const kept = await tokensOf(visitor)
        const filling = answerStrangely(answer, { code: refresh })

        const page = await visitor.browser.visit(`${app.origin}/renewed`)
        const came = arrived(answer, filling, responseLimitBytes)
        const tokens = tokensIn(came)
        if (tokens !== undefined) {
          expect([page.status, bodyOf(page)]).toEqual([200, { accessToken: tokens.accessToken }])
          const { accessToken, refreshToken } = (await tokensOf(visitor)) ?? {}
          expect(accessToken).toBe(tokens.accessToken)
          expect(refreshToken).toBe(tokens.refreshToken ?? refresh)
        } else if (endsGrant(came)) {
          expect([page.status, bodyOf(page)]).toEqual([401, { code: 'ERR_LOGIN_REQUIRED' }])
          expect(await tokensOf(visitor)).toBeNull()
          for (const error of app.errors.splice(0)) expectNoneOf(secretsIn(filling, came), error)
        } else {
          expectKnownError(page, TokenEndpointError, [access, ...secretsIn(filling, came)])
          expect(await tokensOf(visitor)).toEqual(kept)
        }
        await expectHonestLogin(visitor)
      })
      await fuzz(property, { examples: EXAMPLES.map((one) => [one]), times: 2 })
    },
    TEST_LIMIT_MS,
  )
})

describe('a profile endpoint that answers strangely', () => {
  const names = fc.constantFrom(
    ...['sub', 'id', 'name', 'email', '__proto__', 'constructor', 'toJSON', 'toString', 'then', ''],
  )
  const strange = answers(changedJson('{"sub":"ada","name":"Ada"}', names))

  it(
    'logs somebody in if the answer is a JSON object, and gives a known error if not',
    async () => {
      const property = fc.asyncProperty(strange, async (answer) => {
        const visitor = visitorOf(app)
        const { callback } = await visitor.startLogin()
        const code = new URL(callback).searchParams.get('code') ?? ''
        const filling = answerStrangely(HONEST_ANSWER, { code })
        scene.provider.onProfile((request, response) => {
          deliver(answer, filling)(request, response)
        })

        const page = await visitor.browser.visit(callback)
        const profile = profileIn(arrived(answer, filling, responseLimitBytes))
        expect(await visitor.isLoggedIn()).toBe(profile !== undefined)
        if (profile === undefined) {
          expectKnownError(page, ProfileError, Object.values(filling))
        } else {
          const { user } = bodyOf(await visitor.browser.visit(`${app.origin}/`))
          expect((user as { id?: unknown }).id).toBe(profile.id)
        }
        await expectHonestLogin(visitor)
      })
      const deep = (levels: number) =>
        `{"sub":"ada","a":${'['.repeat(levels)}${']'.repeat(levels)}}`
      const examples: StrangeAnswer[] = [
        { ...HONEST_ANSWER, body: `{"sub":"ada",${PROTOTYPE}}` },
        { ...HONEST_ANSWER, body: deep(99) },
        { ...HONEST_ANSWER, body: deep(100) },
      ]
      await fuzz(property, { examples: examples.map((one) => [one]), times: 2 })
    },
    TEST_LIMIT_MS,
  )
})

/** Deeper than anybody's stack, and well below 1 MiB. */
const ABYSS = `${'['.repeat(100_000)}${']'.repeat(100_000)}`

describe('an answer that is nested deeper than the stack', () => {
  let visitor: Visitor
  beforeEach(async () => {
    app = await scene.start({ strategy: { clientSecret } })
    visitor = visitorOf(app)
  })

  // Found: what was read without a stack could not be written into the session, and ended the process.
  it('does not end the process when it is a profile [fuzz-answer-3]', async () => {
    scene.provider.onProfile((_request, response) => response.end(`{"sub":"ada","a":${ABYSS}}`))
    const { callback } = await visitor.startLogin()
    expectKnownError(await visitor.browser.visit(callback), ProfileError, [])
    expect(await visitor.isLoggedIn()).toBe(false)
    await expectHonestLogin(visitor)
  })

  it.each([`{"error":${ABYSS}}`, ABYSS, `{"access_token":"a","token_type":"bearer","a":${ABYSS}}`])(
    'does not end the process when it comes from the token endpoint (%#) [fuzz-answer-2]',
    async (body) => {
      scene.provider.onToken((_request, response) => response.end(body))
      const { callback } = await visitor.startLogin()
      expectKnownError(await visitor.browser.visit(callback), TokenEndpointError, [])
      await expectHonestLogin(visitor)
    },
  )
})

// Found: what could just be written after the token request could not be any more, with what other requests
// had on the stack, so that nothing of the session could be changed again.
describe('an answer that just fits the stack', () => {
  const deep = '['.repeat(1_000) + ']'.repeat(1_000)

  it('is refused when it is of authorization details [fuzz-answer-4]', async () => {
    app = await scene.start({ strategy: { clientSecret } })
    const visitor = visitorOf(app)
    const body = `{"access_token":"a","token_type":"bearer","authorization_details":[${deep}]}`
    scene.provider.onToken((_request, response) => response.end(body))
    const { callback } = await visitor.startLogin()
    expectKnownError(await visitor.browser.visit(callback), TokenEndpointError, [])
    expect(await visitor.isLoggedIn()).toBe(false)
    await expectHonestLogin(visitor)
  })

  it('is refused when it is of an ID token that is to make the profile [fuzz-answer-5]', async () => {
    const provider = await speakOpenId(scene.provider)
    const strategy = { clientSecret, ...provider.options, profileURL: undefined }
    app = await scene.start({ strategy })
    const visitor = visitorOf(app)
    provider.claims = { address: JSON.parse(deep) as unknown }
    const { callback } = await visitor.startLogin()
    expectKnownError(await visitor.browser.visit(callback), ProfileError, [])
    expect(await visitor.isLoggedIn()).toBe(false)
  })
})

// Found: Passport writes the session from a callback of the store, where what is thrown reaches nobody.
const CIRCLE: unknown[] = []
CIRCLE.push(CIRCLE)

it.each([
  ['a number that JSON does not know', 1n],
  ['a circle', CIRCLE],
])('does not end the process when a user has %s in it', async (_what, value) => {
  const parseProfile = () => ({ id: 'ada', displayName: value as unknown as string })
  app = await scene.start({ strategy: { clientSecret, parseProfile } })
  const visitor = visitorOf(app)
  const { callback } = await visitor.startLogin()
  const page = await visitor.browser.visit(callback)
  expect([page.status, bodyOf(page)]).toEqual([503, { code: 'ERR_STORAGE' }])
  expect(await visitor.isLoggedIn()).toBe(false)
})

/** Whom a profile is about, by OpenID Connect's `sub` or else by `id`; `undefined` if it is refused, as without an id. */
function profileIn(answer: ReturnType<typeof arrived>): { id: string } | undefined {
  if (answer?.status !== 200 || depthOf(answer.text) > 100) return undefined
  try {
    const body = JSON.parse(answer.text) as Record<string, unknown> | null
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
    const [id] = ['sub', 'id']
      .map((name) => (Object.hasOwn(body, name) ? body[name] : undefined))
      .map((value) => (Number.isSafeInteger(value) ? String(value) : value))
      .filter((value) => typeof value === 'string' && value !== '')
    return id === undefined ? undefined : { id: id as string }
  } catch {
    return undefined
  }
}

/** How many brackets of a JSON text are open at most at one time. */
function depthOf(json: string): number {
  const brackets = json.replace(/"(?:[^"\\]|\\.)*"/g, '').match(/[[\]{}]/g) ?? []
  let [open, most] = [0, 0]
  for (const bracket of brackets) {
    open += '[{'.includes(bracket) ? 1 : -1
    most = Math.max(most, open)
  }
  return most
}
