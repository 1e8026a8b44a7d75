import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { SpanStatusCode } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import createDebug from 'debug'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { MemoryGrants } from '../../src/index.js'
import type { AuthorizationCodeOptions, DiagnosticEvent } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { grantsIn } from '../support/grant-modes.js'
import { hearEvents } from '../support/hear-events.js'
import { Browser } from '../support/http.js'
import { changed, startLogin } from '../support/login.js'
import { speakOpenId } from '../support/openid-provider.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import type { RotatingProvider } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'
import { sessionRoutes } from '../support/session-routes.js'
import { until } from '../support/until.js'

const HOUR = 3600
const scene = setScene()
const events: DiagnosticEvent[] = []
let stopHearing: () => void

beforeEach(() => {
  events.length = 0
  stopHearing = hearEvents((event) => events.push(event))
})
afterEach(() => stopHearing())

function start(
  strategy: Partial<AuthorizationCodeOptions> = {},
  options: Omit<SceneAppOptions, 'strategy'> = {},
): Promise<TestApp> {
  return scene.start({
    routes: sessionRoutes(`${scene.provider.origin}/resource`).add,
    ...options,
    strategy: { name: 'example', grants: new MemoryGrants(), ...strategy },
  })
}

/** What has happened, in short, oldest first: `login ok`, `callback refused access_denied`. */
function happened(): readonly string[] {
  return events.map(({ step, outcome, reason = '' }) => `${step} ${outcome} ${reason}`.trim())
}

/** The names of cookies as an event has them, and a header that has each of them twice. */
const longNames = (): readonly string[] => ['a', 'b', 'c', 'd'].map((name) => name.repeat(60))
const longDuplicates = (): string =>
  longNames()
    .map((name) => `${name}-and-more=1; ${name}-and-more=2`)
    .join('; ')

const LOGIN = ['login ok', 'exchange ok', 'profile ok', 'verify ok', 'callback ok']

describe('the channel', () => {
  it('tells each step of a login when it is over, by whose strategy, and how long it took', async () => {
    const app = await start()
    await new Browser().follow(app.loginURL)

    expect(happened()).toEqual(LOGIN)
    for (const event of events) {
      expect(event).toMatchObject({ strategy: 'example', durationMs: expect.any(Number) })
      expect(event.durationMs).toBeGreaterThan(0)
      expect(event.error).toBeUndefined()
    }
    const [, exchange, , , callback] = events
    expect(callback?.durationMs).toBeGreaterThan(exchange?.durationMs ?? Infinity)
  })

  it.each<[string, Record<string, string | undefined>, readonly string[]]>([
    [
      'the person has denied',
      { code: undefined, error: 'access_denied' },
      ['callback refused access_denied'],
    ],
    ['the state is unknown', { state: 'forged' }, ['callback failed ERR_PENDING_LOGIN_UNKNOWN']],
    [
      'the provider has failed',
      { code: undefined, error: 'server_error' },
      ['callback failed ERR_AUTHORIZATION_RESPONSE'],
    ],
  ])('tells why a callback came to nothing: %s', async (_, parameters, expected) => {
    const app = await start()
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    await browser.visit(changed(callback, parameters))
    expect(happened().slice(1)).toEqual(expected)
  })

  it('tells of a callback that came again', async () => {
    const app = await start()
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    await browser.visit(callback)
    await browser.visit(callback)
    expect(happened()).toEqual([...LOGIN, 'callback ok repeated'])
  })

  it.each<[string, string, readonly string[] | undefined]>([
    ['a session cookie', 'connect.sid=s%3Aplanted.signature', ['connect.sid']],
    ['another cookie', 'theme=dark; theme=light', ['theme']],
    ['the same value twice', 'theme=dark; theme=dark', undefined],
    ['many, with long names', longDuplicates(), longNames().slice(0, 3)],
  ])('tells of two cookies of one name at a callback: %s', async (_what, added, cookies) => {
    const app = await start()
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    // The last cookie of the header, so that those of the session come first.
    browser.setCookie(app.origin, 'last', `one; ${added}`)
    await browser.visit(callback)
    const told = events.filter(({ step }) => step === 'duplicate_cookies')
    const event = { step: 'duplicate_cookies', strategy: 'example', outcome: 'failed', cookies }
    expect(told).toEqual(cookies === undefined ? [] : [{ ...event, durationMs: 0 }])
    expect(happened()).toContain('callback ok')
  })

  it('tells what is known of a token request that failed', async () => {
    scene.provider.onToken(
      json({ error: 'invalid_client', error_description: 'no such client' }, 401),
    )
    const app = await start()
    await new Browser().follow(app.loginURL)
    expect(happened()).toEqual([
      'login ok',
      'exchange failed ERR_TOKEN_ENDPOINT',
      'callback failed ERR_TOKEN_ENDPOINT',
    ])
    expect(events[1]?.error).toEqual({
      message: expect.stringContaining('invalid_client'),
      retryable: false,
      phase: 'exchange',
      httpStatus: 401,
      oauthError: 'invalid_client',
    })
  })

  it('tells that a provider was out of reach, by the network’s own code', async () => {
    const app = await start({ tokenURL: 'http://127.0.0.1:1/token' })
    await new Browser().follow(app.loginURL)
    expect(events[1]?.error).toMatchObject({ networkCode: 'ECONNREFUSED', retryable: true })
  })

  it.each<[string, () => never | false, readonly string[]]>([
    ['refuses', () => false, ['verify refused verify', 'callback refused verify']],
    [
      'throws, of which only the name is told',
      () => {
        throw new RangeError('a secret of the application')
      },
      ['verify failed RangeError', 'callback failed RangeError'],
    ],
  ])('tells when the application’s verify %s', async (_, verify, expected) => {
    const app = await start({}, { verify })
    await new Browser().follow(app.loginURL)
    expect(happened().slice(3)).toEqual(expected)
    expect(JSON.stringify(events)).not.toContain('a secret of the application')
  })

  it('tells of a pushed authorization request', async () => {
    scene.provider.on('/par', json({ request_uri: 'urn:1', expires_in: 60 }, 201))
    const app = await start({ pushedAuthorizationRequestURL: `${scene.provider.origin}/par` })
    await new Browser().visit(app.loginURL)
    expect(happened()).toEqual(['push ok', 'login ok'])
  })

  it('tells when the provider posts a logout token, and when it ends a login', async () => {
    const openId = await speakOpenId(scene.provider)
    const app = await start({ ...openId.options, backchannelLogout: true })
    await new Browser().follow(app.loginURL)
    events.length = 0
    const post = async (token: string) =>
      new Browser().post(`${app.origin}/auth/backchannel-logout`, { logout_token: token })

    await post(await openId.logoutToken())
    await post('nonsense')

    expect(happened()).toEqual([
      'grant_end ok backchannel_logout',
      'backchannel_logout ok',
      'backchannel_logout failed ERR_LOGOUT_TOKEN',
    ])
  })
})

describe('the channel, after the login', () => {
  let rotating: RotatingProvider
  let app: TestApp
  let browser: Browser

  beforeEach(async () => {
    rotating = rotateRefreshTokens(scene.provider)
    app = await start({ revocationURL: rotating.revocationURL })
    browser = new Browser()
    await browser.follow(app.loginURL)
    events.length = 0
  })

  it('tells of one renewal and one refresh, however many requests have waited for them', async () => {
    advanceClock(HOUR)
    await Promise.all(Array.from({ length: 10 }, () => browser.visit(`${app.origin}/token`)))
    expect(happened()).toEqual(['refresh ok', 'renewal ok refreshed'])
  })

  it('tells that a renewal only took what was there already', async () => {
    const store = createMemoryStore()
    const grants = grantsIn(store)
    const one = await start({ grants })
    await browser.follow(one.loginURL)
    const options = { grants: grantsIn(store, 10), renewInBackground: false }
    const other = await start(options, { store: one.store })
    for (const [name, value] of browser.cookies(one.origin)) {
      browser.setCookie(other.origin, name, value)
    }
    advanceClock(HOUR - 6)
    await browser.visit(`${other.origin}/token`)
    await browser.visit(`${one.origin}/renewed`)
    events.length = 0
    // The other process has the older token in its cache still.
    advanceClock(7)
    await browser.visit(`${other.origin}/token`)
    expect(happened()).toEqual(['renewal ok shared'])
  })

  it('tells that the provider has ended the grant', async () => {
    rotating.endGrants()
    await browser.visit(`${app.origin}/renewed`)
    expect(happened()).toEqual([
      'refresh failed ERR_TOKEN_ENDPOINT',
      'grant_end refused invalid_grant',
      'renewal failed ERR_LOGIN_REQUIRED',
    ])
  })

  it.each([
    ['a logout', 'logout', () => browser.post(`${app.origin}/auth/logout`)],
    ['endGrant', 'end_grant', () => browser.visit(`${app.origin}/end-grant`)],
  ])('tells of %s, and of what was revoked', async (_, reason, end) => {
    await end()
    await until(() => events.length >= 2)
    expect(happened()).toEqual([`grant_end ok ${reason}`, 'revocation ok'])
    expect(rotating.revocations).toEqual([
      { token: 'refresh-token-1-of-ada', hint: 'refresh_token' },
    ])
  })

  it('tells of a revocation that was refused, and of one that got no answer', async () => {
    scene.provider.on('/revoke', (request, response) => {
      if (request.body.includes('refresh_token')) response.destroy()
      else response.writeHead(400).end()
    })
    await browser.visit(`${app.origin}/end-grant`)
    expect([...happened()].sort()).toEqual([
      'grant_end ok end_grant',
      'revocation failed TransportError',
      'revocation refused http_400',
    ])
  })
})

describe('the log', () => {
  const lines: string[] = []
  const { log } = createDebug

  beforeEach(() => {
    lines.length = 0
    createDebug.log = (line: string) => void lines.push(line)
    createDebug.enable('passport-authorization-code:*')
  })
  afterEach(() => {
    createDebug.disable()
    createDebug.log = log
  })

  it('has one line for each step, with the reason of what failed', async () => {
    scene.provider.onToken(json({ error: 'invalid_client' }, 401))
    const app = await start()
    await new Browser().follow(app.loginURL)
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(/passport-authorization-code:login.* example ok after \d+ ms/)
    expect(lines[1]).toMatch(
      /:exchange.* example failed ERR_TOKEN_ENDPOINT after \d+ ms: .*invalid_client/,
    )
  })

  it('has the names of cookies that came twice', async () => {
    const app = await start()
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    browser.setCookie(app.origin, 'theme', 'dark; theme=light')
    await browser.visit(callback)
    const told = lines.filter((line) => line.includes(':duplicate_cookies'))
    expect(told).toEqual([expect.stringMatching(/ example failed theme/)])
  })

  it('is silent when nobody has asked for it', async () => {
    createDebug.disable()
    const app = await start()
    await new Browser().follow(app.loginURL)
    expect(lines).toEqual([])
  })
})

describe('OpenTelemetry', () => {
  const exporter = new InMemorySpanExporter()
  const tracing = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })

  beforeAll(() => tracing.register())
  beforeEach(() => exporter.reset())
  afterAll(() => tracing.shutdown())

  function spans() {
    return exporter.getFinishedSpans()
  }

  it('gets a span for each step, those of a callback as its children', async () => {
    const app = await start()
    await new Browser().follow(app.loginURL)

    expect(spans().map(({ name }) => name)).toEqual([
      'example login',
      'example exchange',
      'example profile',
      'example verify',
      'example callback',
    ])
    const callback = spans().at(-1)?.spanContext().spanId
    expect(spans().map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([
      undefined,
      callback,
      callback,
      callback,
      undefined,
    ])
    expect(spans()[0]?.attributes).toEqual({
      'passport_authorization_code.strategy': 'example',
      'passport_authorization_code.outcome': 'ok',
    })
  })

  it('sees what failed as an error, and why', async () => {
    scene.provider.onToken(json({ error: 'invalid_client' }, 401))
    const app = await start()
    await new Browser().follow(app.loginURL)
    expect(spans()[1]).toMatchObject({
      name: 'example exchange',
      status: { code: SpanStatusCode.ERROR },
      attributes: {
        'error.type': 'ERR_TOKEN_ENDPOINT',
        'http.response.status_code': 401,
        'passport_authorization_code.oauth_error': 'invalid_client',
      },
    })
  })
})
