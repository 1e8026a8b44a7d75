import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { exportJWK, exportPKCS8 } from 'jose'
import { bundle } from '../support/bundle.js'
import { startCommand } from '../support/command.js'
import type { RunningCommand } from '../support/command.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { takeKeyPair } from '../support/keys.js'
import { changed, formOf, startLogin } from '../support/login.js'
import { json, startScriptedProvider, tokenResponse } from '../support/scripted-provider.js'
import type { RecordedRequest, Script, ScriptedProvider } from '../support/scripted-provider.js'

jest.setTimeout(120_000)

/**
 * Everything that has a debug switch, turned on. Two are left out: Express's own and its router's, which
 * print the URL of every request, the callback's included, before any handler runs.
 */
const SWITCHES = {
  DEBUG: '*,-express:*,-router*',
  NODE_DEBUG: 'http,https,net,tls,undici,fetch,diagnostics_channel',
  NODE_ENV: 'development',
}

/** What a provider answers that repeats all it was sent, and gives tokens away besides. */
const echo =
  (status: number, error?: string): Script =>
  (request, response) => {
    const said = JSON.stringify([request.headers, request.body, [...formOf(request)]])
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ...tokens(), error, error_description: said, hint: said }))
  }

/** Answers with bytes that are no HTTP, or less than was promised, or too much. */
const raw =
  (text: (request: RecordedRequest) => string): Script =>
  (request, response) => {
    response.socket?.end(text(request))
  }

const issued: string[] = []
let tokenType: string

function fresh(kind: string): string {
  const value = `${kind}-${randomBytes(12).toString('hex')}`
  issued.push(value)
  return value
}

function tokens(): Record<string, unknown> {
  return tokenResponse({
    token_type: tokenType,
    access_token: fresh('access-token'),
    refresh_token: fresh('refresh-token'),
    id_token: fresh('id-token'),
  })
}

/** Refuses, and yet gives tokens, which it repeats where it says why. */
const quoteOwnTokens: Script = (request, response) => {
  const given = tokens()
  const said = `Not ${String(given['access_token'])}, nor ${String(given['refresh_token'])}`
  json({ ...given, error: 'invalid_request', error_description: said }, 400)(request, response)
}

const spoken = (): string => JSON.stringify(tokens())

/** Ways for an endpoint to fail. */
const FAILURES: readonly (readonly [string, Script])[] = [
  ['refuses, and repeats what it was sent', echo(400, 'invalid_request')],
  ['refuses, and repeats the tokens that it gives', quoteOwnTokens],
  ['does not know the client', echo(401, 'invalid_client')],
  ['fails with a page that repeats everything', echo(500)],
  ['asks for patience', echo(429, 'slow_down')],
  ['reports an error with status 200', echo(200, 'server_error')],
  ['sends what is not quite JSON', (_, response) => response.writeHead(200).end(`${spoken()},`)],
  [
    'sends HTML with tokens in it',
    (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<b>${spoken()}`),
  ],
  ['sends tokens of an unknown type', (a, b) => json({ ...tokens(), token_type: spoken() })(a, b)],
  ['sends tokens that are no texts', (a, b) => json({ ...tokens(), access_token: [1] })(a, b)],
  ['speaks no HTTP', raw(({ body }) => `${body}\n${spoken()}\r\n\r\n`)],
  ['breaks off', raw(() => `HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n${spoken()}`)],
  ['never answers', () => undefined],
]

const sessionSecret = `session-secret-${randomBytes(12).toString('hex')}`
const tokenSecret = `token-secret-${randomBytes(24).toString('hex')}`
const clientSecret = `client-secret/${randomBytes(12).toString('hex')}+`

async function privateKey(): Promise<{ pem: string; parts: readonly string[] }> {
  const { privateKey: key } = await takeKeyPair('PS256')
  const { d = '', p = '', q = '' } = await exportJWK(key)
  const pem = await exportPKCS8(key)
  return { pem, parts: [d, p, q, ...pem.split('\n').slice(1, -2)] }
}

let provider: ScriptedProvider
let command: RunningCommand | undefined
let origin: string
let pages: string[]
let secrets: Set<string>

beforeEach(async () => {
  provider = await startScriptedProvider()
  pages = []
  tokenType = 'Bearer'
  secrets = new Set([sessionSecret, tokenSecret, clientSecret])
  reset()
})
afterEach(async () => {
  await command?.stop()
  await provider.close()
})

function reset(): void {
  rememberWhatWasSent()
  provider.reset()
  provider.onAuthorize((parameters) => ({
    code: fresh('code'),
    state: parameters.get('state') ?? '',
  }))
  provider.onToken((request, response) => json(tokens())(request, response))
  provider.on('/resource', json({}))
  provider.on('/revoke', json({}))
  provider.on('/par', json({ request_uri: 'urn:pushed', expires_in: 60 }, 201))
}

const SECRET_PARAMETERS = [
  'code',
  'code_verifier',
  'refresh_token',
  'client_assertion',
  'client_secret',
  'token',
  'state',
]

/** What the provider has seen of secrets. */
function rememberWhatWasSent(): void {
  const forms = [
    ...provider.requests.map(formOf),
    ...provider.authorizationRequests.map((path) => new URL(path, provider.origin).searchParams),
  ]
  for (const form of forms) {
    for (const name of SECRET_PARAMETERS) form.getAll(name).forEach((value) => secrets.add(value))
  }
  for (const { headers } of provider.requests) {
    const [, credentials = ''] = (headers.authorization ?? '').split(' ')
    secrets.add(credentials).add(String(headers['dpop'] ?? ''))
  }
  for (const value of issued) secrets.add(value)
}

async function startLoud(options: object): Promise<void> {
  command = startCommand(process.execPath, [bundle('test/support/loud-app.ts')], {
    ...SWITCHES,
    LOUD_OPTIONS: JSON.stringify({
      origin: provider.origin,
      sessionSecret,
      tokenSecret,
      ...options,
    }),
  })
  const [, at = ''] = await command.printed(/loud at (\S+)/)
  origin = at
}

/** A browser that remembers what it was answered. Whatever leads to the provider is the provider's to see. */
class Witness extends Browser {
  override async request(...given: Parameters<Browser['request']>): Promise<Page> {
    const page = await super.request(...given)
    if (page.url.startsWith(provider.origin)) return page
    const headers = [...page.headers].filter(([name]) => name !== 'set-cookie')
    const isForProvider = page.location?.startsWith(provider.origin)
    const shown = headers.filter(([name]) => name !== 'location' || !isForProvider)
    pages.push(JSON.stringify(shown), isForProvider ? '' : page.text)
    return page
  }
}

async function logIn(browser = new Witness()): Promise<Witness> {
  await browser.follow(`${origin}/auth/login`)
  return browser
}

describe('with every debug switch on, nothing the process prints or answers has a secret in it', () => {
  it.each([
    ['a client secret', () => Promise.resolve({ options: { clientSecret }, parts: [] })],
    [
      'HTTP Basic',
      () =>
        Promise.resolve({
          options: { clientSecret, clientAuthentication: 'client_secret_basic' },
          parts: [],
        }),
    ],
    [
      'JSON token requests',
      () => Promise.resolve({ options: { clientSecret, tokenRequestFormat: 'json' }, parts: [] }),
    ],
    [
      'a private key, a DPoP key and pushed requests',
      async () => {
        const [own, proof] = [await privateKey(), await privateKey()]
        tokenType = 'DPoP'
        const pushedAuthorizationRequestURL = `${provider.origin}/par`
        return {
          options: { privateKey: own.pem, dpopKey: proof.pem, pushedAuthorizationRequestURL },
          parts: [...own.parts, ...proof.parts],
        }
      },
    ],
  ])('by %s [no-secrets-1]', async (_, client) => {
    const { options, parts } = await client()
    for (const part of parts) secrets.add(part)
    await startLoud(options)

    await liveThroughEverything()

    rememberWhatWasSent()
    const output = (await command?.stop()) ?? ''
    // The switches are on.
    expect(output).toMatch(/passport-authorization-code:refresh/)
    expect(output).toMatch(/express-session/)
    expect(output).toMatch(/UNDICI|HTTP \d/)
    expect(output).toMatch(/passport_authorization_code\.outcome/)
    expect(output).toMatch(/ERR_TOKEN_ENDPOINT/)
    const known = [...secrets].filter((secret) => secret.length > 8)
    expect(known.length).toBeGreaterThan(100)
    expect(leaks(known, output)).toEqual([])
    expect(leaks(known, pages.join('\n'))).toEqual([])
  })

  async function liveThroughEverything(): Promise<void> {
    await fullLife()
    await strangeCallbacks()
    for (const [, failure] of FAILURES) {
      for (const path of ['/token', '/me', '/par', '/revoke', '/resource']) {
        reset()
        fail(path, failure)
        await fullLife()
      }
      reset()
      const browser = await logIn()
      provider.onToken(failure)
      await browser.visit(`${origin}/renew`)
      await browser.visit(`${origin}/renew`)
      provider.onToken(echo(400, 'invalid_grant'))
      await browser.visit(`${origin}/renew`)
      await browser.visit(`${origin}/resource`)
    }
    reset()
  }

  function fail(path: string, failure: Script): void {
    if (path === '/token') provider.onToken(failure)
    else if (path === '/me') provider.onProfile(failure)
    else provider.on(path, failure)
  }

  /** From the login to the logout. */
  async function fullLife(): Promise<void> {
    const browser = await logIn()
    await browser.visit(`${origin}/auth/session`)
    await browser.visit(`${origin}/resource`)
    await browser.visit(`${origin}/renew`)
    await browser.visit(`${origin}/end-grant`)
    await logIn(browser)
    await browser.post(`${origin}/auth/logout`)
  }

  async function strangeCallbacks(): Promise<void> {
    const callback = `${origin}/auth/callback`
    for (const strange of [
      { state: fresh('state') },
      { code: undefined, error: 'access_denied' },
      { code: undefined, error: 'server_error' },
      { code: fresh('code'), iss: 'https://somebody.example' },
      { error: 'invalid_scope' },
      { code: undefined },
    ]) {
      const browser = new Witness()
      const { callback: honest } = await startLogin(browser, `${origin}/auth/login`)
      const other = changed(honest, strange)
      await browser.visit(changed(other, { error_description: `Was it ${other} or not?` }))
      await browser.visit(honest)
      await browser.visit(honest)
    }
    for (const body of [`code=${fresh('code')}&state=${fresh('state')}`, `%%%${fresh('code')}`]) {
      const browser = new Witness()
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      await browser.request(callback, { method: 'POST', headers, body })
      const unknown = { 'content-type': 'application/x-www-form-urlencoded; charset=koi8-r' }
      await browser.request(callback, { method: 'POST', headers: unknown, body })
    }
    const token = fresh('logout-token')
    await new Witness().post(`${origin}/auth/backchannel-logout`, { logout_token: token })
    await new Witness().visit(`${origin}/auth/logged-out?state=${fresh('state')}`)
  }
})

/** How many characters of its end a secret is looked for by. None is shorter. */
const ENDING = 8

/** Where a text shows one of these, as it is or encoded. */
function leaks(known: readonly string[], text: string): readonly string[] {
  // Texts of megabytes, and thousands of secrets: one walk through the text, for how each secret ends.
  const byEnding = new Map<string, string[]>()
  for (const secret of known) {
    for (const one of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
      const ending = one.slice(-ENDING)
      byEnding.set(ending, [...(byEnding.get(ending) ?? []), one])
    }
  }
  const found = new Map<string, string>()
  for (let end = ENDING; end <= text.length; end++) {
    for (const secret of byEnding.get(text.slice(end - ENDING, end)) ?? []) {
      if (found.has(secret) || !text.endsWith(secret, end)) continue
      found.set(secret, text.slice(Math.max(0, end - secret.length - 300), end + 100))
    }
  }
  return [...found].map(([secret, where]) => `${secret} in: ${where}`)
}
