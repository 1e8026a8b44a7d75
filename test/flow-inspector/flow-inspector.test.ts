import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { flowInspector } from '../../src/flow-inspector.js'
import { observationOf } from '../../src/diagnostics/observation.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { changed, formOf, startLogin } from '../support/login.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'
import { readEvents } from './read-events.js'
import { renewedToken } from '../support/renewed-token.js'

const scene = setScene()

let browser: Browser

beforeEach(() => {
  browser = new Browser()
})

const KEY = 'a key of the inspector with 32 characters'

/** The address of the inspector, or of a file of it, with the key. */
function flowURL({ origin }: TestApp, path = ''): string {
  return `${origin}/flow${path}?key=${encodeURIComponent(KEY)}`
}

/** An application with the inspector at `/flow`. */
function startInspected(options: SceneAppOptions = {}): Promise<TestApp> {
  return scene.start({
    ...options,
    routes: (app, strategy) => {
      app.use('/flow', flowInspector(strategy, { key: KEY }))
      app.get('/renew', (req, res, next) => {
        renewedToken(strategy, req).then(() => res.end(), next)
      })
    },
  })
}

/** What a person reads on the page, a line for each block of text. */
async function readPage(app: TestApp): Promise<string> {
  const { text } = await new Browser().follow(flowURL(app))
  return text
    .replace(/<\/(?:p|h2|dd|summary|span|article)>/g, '\n')
    .replaceAll('<wbr>', '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/#[0-9a-f]{8}/g, '#HASH')
    .replaceAll(scene.provider.origin, 'PROVIDER')
    .replace(/[ \t]+/g, ' ')
}

/** The labels of all arrows, without what differs from run to run. */
async function arrows(app: TestApp): Promise<readonly string[]> {
  const page = await readPage(app)
  return [...page.matchAll(/^ ?((?:Browser|App|Provider)(?: → [\w ]+)?:) ?\n?(.*)$/gm)].map(
    ([, route = '', label = '']) =>
      `${route} ${label.trim()}`.replace(/ (?:under )?[\d.]+ m?s\b/g, ''),
  )
}

const START = [
  'Browser → App: GET /auth/login',
  'App → Session store: Store the pending login',
  'App → Browser: Redirect to the provider',
  'Browser → Provider: GET PROVIDER/authorize',
]

describe('the flow inspector', () => {
  it('draws a login from the first request to the session, as one flow', async () => {
    const app = await startInspected()

    await browser.follow(app.loginURL)

    expect(await arrows(app)).toEqual([
      ...START,
      'Browser → App: GET /auth/callback at the provider',
      'App → Session store: Take the pending login',
      'App → Provider: POST PROVIDER/token',
      'Provider → App: HTTP 200',
      'App → Provider: GET PROVIDER/me',
      'Provider → App: HTTP 200',
      'App: verify accepted the person',
      'App → Session store: Store the tokens in the session',
      'App: Logged in',
    ])
    const page = await readPage(app)
    expect(page.match(/Login (?!flows)/g)).toHaveLength(1)
    expect(page).toMatch(/✓ Done/)
    expect(page).toMatch(/client_id \n?\s*client-1/)
    expect(page).toMatch(/code_verifier\s+#HASH/)
  })

  it('shows that the state that came back is the state that was sent, and the code that was exchanged the one that came [inspector-1]', async () => {
    const app = await startInspected()

    await browser.follow(app.loginURL)

    const { text } = await browser.follow(flowURL(app))
    const hashes = (name: string): readonly (string | undefined)[] =>
      [...text.matchAll(new RegExp(`<dt>${name}</dt><dd><code[^>]*>(#[0-9a-f]{8})<`, 'g'))].map(
        ([, hash]) => hash,
      )
    expect(hashes('state')).toHaveLength(2)
    expect(new Set(hashes('state')).size).toBe(1)
    expect(hashes('code')).toHaveLength(2)
    expect(new Set(hashes('code')).size).toBe(1)
    expect(hashes('state')[0]).not.toBe(hashes('code')[0])
  })

  it('shows a denied login as refused, and what to do', async () => {
    const app = await startInspected()
    scene.provider.onAuthorize((parameters) => ({
      error: 'access_denied',
      error_description: 'The person said no.',
      state: parameters.get('state') ?? '',
    }))

    await browser.follow(app.loginURL)

    expect(await arrows(app)).toEqual([
      ...START,
      'Browser → App: GET /auth/callback at the provider',
      'App → Session store: Take the pending login',
      'App: ✗ callback refused access_denied',
    ])
    const page = await readPage(app)
    expect(page).toMatch(/✗ Refused/)
    expect(page).toMatch(/error_description\s+The person said no\./)
    expect(page).toMatch(/What to do:\s+Nothing is wrong/)
  })

  it('shows a token endpoint that does not know the client as failed, with the fix', async () => {
    const app = await startInspected()
    scene.provider.onToken(json({ error: 'invalid_client' }, 401))

    await browser.follow(app.loginURL)

    expect((await arrows(app)).slice(-3)).toEqual([
      'App → Provider: POST PROVIDER/token',
      'Provider → App: ✗ HTTP 401',
      'App: ✗ exchange failed ERR_TOKEN_ENDPOINT',
    ])
    const page = await readPage(app)
    expect(page).toMatch(/✗ Failed/)
    expect(page).toMatch(/Why:\s+ERR_TOKEN_ENDPOINT/)
    expect(page).toMatch(/What to do:\s+Compare\s+clientID\s+and the client’s secret/)
  })

  it('shows a provider that is gone as failed', async () => {
    const app = await startInspected({ strategy: { tokenURL: 'http://127.0.0.1:1/token' } })

    await browser.follow(app.loginURL)

    expect((await arrows(app)).at(-2)).toBe(
      'Provider → App: ✗ The connection failed (ECONNREFUSED)',
    )
  })

  it('shows a callback that nobody has asked for as a flow of its own', async () => {
    const app = await startInspected()

    await browser.visit(`${app.callbackURL}?code=a-code&state=a-state`)

    const page = await readPage(app)
    expect(page).toMatch(/Callback without a known login/)
    expect(page).toMatch(/Why:\s+ERR_SESSION_COOKIE_MISSING/)
    expect(page).toMatch(/What to do:\s+Use one host for the login route/)
  })

  it('takes advice from an error in the callback only where the login was ours', async () => {
    const app = await startInspected()
    const refusal = { code: undefined, error: 'invalid_scope' }
    const { callback } = await startLogin(browser, app.loginURL)

    await browser.visit(changed(callback, { ...refusal, state: 'another' }))
    expect(await readPage(app)).toMatch(/What to do:\s+Use one host everywhere/)

    await browser.visit(changed(callback, refusal))
    expect(await readPage(app)).toMatch(/What to do:\s+Ask only for scopes that are registered/)
  })

  it('draws a renewal and a logout with its revocations', async () => {
    const app = await startInspected({
      strategy: { revocationURL: `${scene.provider.origin}/revoke` },
    })
    scene.provider.on('/revoke', json({}))
    await browser.follow(app.loginURL)
    const ofLogin = await arrows(app)
    await browser.visit(`${app.origin}/renew`)
    const withRenewal = await arrows(app)
    await browser.post(`${app.origin}/auth/logout`)
    await expectRequests('/revoke', 1)

    const ofRenewal = withRenewal.slice(0, withRenewal.length - ofLogin.length)
    expect(ofRenewal).toEqual([
      'App → Provider: POST PROVIDER/token',
      'Provider → App: HTTP 200',
      'App: Tokens renewed (refreshed)',
    ])
    const all = await arrows(app)
    expect(all.slice(0, 2)).toEqual([
      'Browser → App: POST /auth/logout',
      'App: The grant has ended (logout)',
    ])
    expect(all.filter((arrow) => arrow.endsWith('POST PROVIDER/revoke'))).toHaveLength(1)
    expect(await readPage(app)).toMatch(/Renewal of tokens/)
  })

  it('draws a pushed request in the flow of its login', async () => {
    const { origin } = scene.provider
    scene.provider.on('/par', json({ request_uri: 'urn:pushed', expires_in: 60 }, 201))
    const app = await startInspected({
      strategy: { pushedAuthorizationRequestURL: `${origin}/par` },
    })

    await browser.follow(app.loginURL)

    expect((await arrows(app)).slice(0, 4)).toEqual([
      START[0],
      'App → Session store: Store the pending login',
      'App → Provider: POST PROVIDER/par',
      'Provider → App: HTTP 201',
    ])
    expect((await readPage(app)).match(/✓ Done/g)).toHaveLength(1)
  })

  it('escapes a script that somebody puts into error_description', async () => {
    const app = await startInspected()
    const { callback } = await startLogin(browser, app.loginURL)
    const script = '<script>alert(1)</script><img src=x onerror=alert(1)>'

    await browser.visit(
      changed(callback, {
        code: undefined,
        error: 'access_denied',
        error_description: script,
        [script]: script,
      }),
    )

    const { text } = await browser.follow(flowURL(app))
    expect(text).not.toMatch(/<script>|<img/)
    expect(text).toContain('&#60;script&#62;alert(1)')
    const events = await readEvents(flowURL(app, '/events'))
    expect((await events.next()).items.join('')).not.toMatch(/<script>|<img/)
    await events.close()
  })

  it('sends each change to who follows', async () => {
    const app = await startInspected()
    const events = await readEvents(flowURL(app, '/events'))
    expect(await events.next()).toEqual({ ids: [], items: [] })

    await startLogin(browser, app.loginURL)
    await events.until(/The browser is at the provider/)

    await browser.follow(app.loginURL)
    await events.until(/✓ Done/)
    await events.close()
  })

  it('sends what has changed and nothing else, however much it remembers', async () => {
    const app = await startInspected()
    for (let count = 0; count < 3; count++) await new Browser().follow(app.loginURL)
    const events = await readEvents(flowURL(app, '/events'))
    const before = await events.next()
    expect(before.items).toHaveLength(3)
    expect(before.items[0]).toContain(`data-flow="${before.ids[2]}"`)

    await browser.follow(app.loginURL)
    const { ids, items } = await events.until(/✓ Done/)

    expect(items).toHaveLength(1)
    expect(items[0]).toContain(`data-flow="${ids[0]}"`)
    expect(ids.slice(1)).toEqual(before.ids)
    await events.close()
  })

  it('takes a callback out again that has found its login', async () => {
    const app = await startInspected()
    await browser.follow(app.loginURL)
    const events = await readEvents(flowURL(app, '/events'))
    const { ids } = await events.next()

    const { callback } = await startLogin(browser, app.loginURL)
    await events.until(/The browser is at the provider/)
    await browser.visit(callback)

    const done = await events.until(/✓ Done/)
    expect(done.ids).toHaveLength(2)
    expect(done.ids[1]).toBe(ids[0])
    await events.close()
  })

  it('remembers 50 flows and no more', async () => {
    const app = await startInspected()

    for (let count = 0; count < 55; count++) {
      await new Browser().visit(`${app.callbackURL}?code=a-code&state=state-${count}`)
    }

    expect((await readPage(app)).match(/Callback without a known login/g)).toHaveLength(50)
  })

  it('remembers 100 events of a flow and no more', async () => {
    const app = await startInspected()
    const { callback } = await startLogin(browser, app.loginURL)

    for (let count = 0; count < 60; count++) await browser.visit(callback)

    expect((await arrows(app)).length).toBeLessThanOrEqual(101)
    expect(await readPage(app)).toMatch(/\d+ further events are not shown/)
  })
})

describe('without a flow inspector', () => {
  it('nothing is observed', async () => {
    const app = await scene.start()
    const observation = observationOf(app.strategy)
    let made = 0
    const told = observation?.within('login', () => {
      observation.emit(() => {
        made += 1
        return { type: 'end' }
      })
      return Promise.resolve('done')
    })

    expect(await told).toBe('done')
    await browser.follow(app.loginURL)
    expect(observation?.observers.size).toBe(0)
    expect(made).toBe(0)
  })
})

describe('no secret is in the page or in the events', () => {
  const CLEAR = [
    'client_id',
    'code_challenge_method',
    'grant_type',
    'redirect_uri',
    'response_type',
    'scope',
    'token_type_hint',
  ]
  const HARMLESS = ['', 'Basic', 'Bearer', '3600']
  const clientSecret = 'a secret/of the+client'

  it.each([
    ['an honest provider', () => undefined],
    ['a provider that repeats what it is sent', repeatEverything],
  ])('with %s', async (_name, script) => {
    const { provider } = scene
    const issued: string[] = []
    const issue = (): Record<string, unknown> => {
      const answer = tokenResponse({ id_token: 'an-id-token', odd: 'odd-value' })
      issued.push(...Object.values(answer).map(String))
      return answer
    }
    provider.on('/revoke', json({}))
    provider.onToken((request, response) => json(issue())(request, response))
    const app = await startInspected({
      strategy: {
        clientSecret,
        clientAuthentication: 'client_secret_basic',
        revocationURL: `${provider.origin}/revoke`,
        authorizationParameters: { login_hint: 'ada@example.com' },
      },
    })

    await browser.follow(app.loginURL)
    script(issue)
    await browser.visit(`${app.origin}/renew`)
    await new Browser().follow(app.loginURL)
    provider.onAuthorize((parameters) => ({
      error: 'server_error',
      error_description: parameters.toString(),
      state: parameters.get('state') ?? '',
    }))
    await new Browser().follow(app.loginURL)
    await browser.post(`${app.origin}/auth/logout`)
    await expectRequests('/revoke', 1)

    const events = await readEvents(flowURL(app, '/events'))
    const page = await browser.follow(flowURL(app))
    const shown = (page.text + (await events.next()).items.join('')).replaceAll('<wbr>', '')
    await events.close()
    const secrets = [...issued, ...sent(), clientSecret, 'Ada Lovelace'].filter(
      (secret) => !HARMLESS.includes(secret),
    )
    expect(secrets.length).toBeGreaterThan(25)
    expect(secrets.flatMap(spellings).filter((one) => shown.includes(one))).toEqual([])
    expect(shown).toContain('client-1')
    expect(shown).toMatch(/POST [^<]*\/revoke/)
  })

  function repeatEverything(issue: () => Record<string, unknown>): void {
    scene.provider.onToken((request, response) => {
      const said = `${JSON.stringify(request.headers)} ${request.body} ${[...formOf(request)].join(' ')} ${clientSecret}`
      const tokens = issue()
      const all = `${said} ${JSON.stringify(tokens)}`
      const answer = { ...tokens, error: all, error_description: all, scope: all, [said]: said }
      json(answer, 400)(request, response)
    })
  }

  /** Everything the provider has got that may be a secret. */
  function sent(): readonly string[] {
    const { requests, authorizationRequests, origin } = scene.provider
    const forms = [
      ...requests.map(formOf),
      ...authorizationRequests.map((path) => new URL(path, origin).searchParams),
    ]
    return [
      ...forms.flatMap((form) => secretsOf(form)),
      ...requests.flatMap(({ headers }) => (headers.authorization ?? '').split(' ')),
    ]
  }

  function secretsOf(form: URLSearchParams): readonly string[] {
    return [...form].filter(([name]) => !CLEAR.includes(name)).map(([, value]) => value)
  }

  function spellings(secret: string): readonly string[] {
    return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]
  }
})

describe('who may look', () => {
  const { NODE_ENV } = process.env
  afterEach(() => {
    process.env['NODE_ENV'] = NODE_ENV
  })

  it('nobody in production: it refuses to start', async () => {
    const app = await scene.start()
    process.env['NODE_ENV'] = 'production'

    expect(() => flowInspector(app.strategy)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
    )
    expect(observationOf(app.strategy)?.observers.size).toBe(0)
  })

  it('nobody where only the application says that it is in production', async () => {
    const app = await scene.start({
      routes: (express, strategy) => {
        express.set('env', 'production')
        express.use('/flow', flowInspector(strategy))
      },
    })

    for (const path of ['/flow', '/flow/events', '/flow/style.css']) {
      const { status, text } = await browser.visit(`${app.origin}${path}`)
      expect(status).toBe(500)
      expect(text).not.toContain('flows')
    }
    expect(app.errors).toEqual(
      Array(3).fill(expect.objectContaining({ code: 'ERR_CONFIGURATION' })),
    )
  })

  it('refuses what is no strategy, and options it does not know', async () => {
    const app = await scene.start()

    expect(() => flowInspector({} as never)).toThrow(/AuthorizationCodeStrategy/)
    expect(() => flowInspector(app.strategy, { remote: true } as never)).toThrow(/remote/)
  })

  it.each([
    ['came through a proxy', { 'x-forwarded-for': '203.0.113.7' }],
    ['came through a tunnel', { forwarded: 'for=203.0.113.7' }],
    ['was meant for another host', { host: 'rebound.example' }],
  ])('nobody whose request %s', async (_name, headers) => {
    const app = await startInspected()

    for (const path of ['', '/events', '/style.css', '/script.js']) {
      const { status, text } = await browser.request(flowURL(app, path), { headers })
      expect(status).toBe(403)
      expect(text).toMatch(/only on this machine/)
    }
  })

  it('everybody who has the key, where dangerouslyAllowRemote says so', async () => {
    const app = await scene.start({
      routes: (express, strategy) =>
        express.use('/flow', flowInspector([strategy], { key: KEY, dangerouslyAllowRemote: true })),
    })

    const headers = { host: 'dev.example', 'x-forwarded-for': '203.0.113.7' }
    const statusOf = async (url: string) => (await browser.request(url, { headers })).status
    expect(await statusOf(`${app.origin}/flow`)).toBe(403)
    expect(await statusOf(flowURL(app))).toBe(303)
    expect(await statusOf(`${app.origin}/flow`)).toBe(200)
  })

  it('lets the page load its own script and style and nothing else', async () => {
    const app = await startInspected()

    const { headers, text } = await browser.follow(flowURL(app))

    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';/,
    )
    expect(headers.get('cache-control')).toBe('no-store')
    expect(text).not.toMatch(/<style| style=| on\w+=|https?:\/\/(?!127)/)
  })
})

async function expectRequests(path: string, count: number): Promise<void> {
  const { setImmediate: turn } = await import('node:timers/promises')
  while (scene.provider.requestsTo(path).length < count) await turn()
}
