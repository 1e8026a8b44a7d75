import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { SignJWT } from 'jose'
import { AuthorizationCodeStrategy, TokenEndpointError } from '../../src/index.js'
import type { AuthorizationCodeOptions, ProviderErrorFacts } from '../../src/index.js'
import { startApp } from '../support/app.js'
import { expectNoneOf, thrownBy } from '../support/errors.js'
import { Browser, listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'
import { asked } from '../support/login.js'
import { endpointsOf, logInOnce, tokenRequestOf } from '../support/one-login.js'
import { json, startScriptedProvider, tokenResponse } from '../support/scripted-provider.js'
import type { RecordedRequest, Script, ScriptedProvider } from '../support/scripted-provider.js'

let provider: ScriptedProvider
/** Closed after each test, however it ends. */
const servers: RunningServer[] = []

beforeAll(async () => {
  provider = await startScriptedProvider()
})
beforeEach(() => provider.reset())
afterEach(async () => {
  for (const { close } of servers.splice(0)) await close()
})
afterAll(() => provider.close())

type Options = Partial<Omit<AuthorizationCodeOptions, 'callbackURL' | 'clientID'>>

/**
 * Logs in while the token endpoint does what `script` says, then once more while it is honest. The first
 * login must fail after a single token request, and the second must work. Returns what was wrong.
 */
async function failureOf(script: Script, options: Options = {}): Promise<TokenEndpointError> {
  const app = await startApp({
    strategy: { ...endpointsOf(provider), clientSecret: 'secret-1', ...options },
  })
  try {
    provider.onToken(script)
    const browser = new Browser()
    const { url, status } = await browser.follow(app.loginURL)
    expect(asked(provider)).toEqual(['POST /token'])
    expect(app.errors).toHaveLength(1)
    const [error] = app.errors as [TokenEndpointError]
    expect(status).toBe(error.status)
    expect(new URL(url).pathname).toBe('/auth/callback')
    expect(JSON.parse((await browser.visit(app.origin)).text)).toEqual({ user: null })

    provider.reset()
    await browser.follow(app.loginURL)
    expect(JSON.parse((await browser.visit(app.origin)).text)).toMatchObject({
      user: { id: 'ada' },
    })
    expect(asked(provider)).toEqual(['POST /token', 'GET /me'])
    expect(app.errors).toHaveLength(1)
    return error
  } finally {
    await app.close()
  }
}

type Facts = Partial<ProviderErrorFacts> & {
  status: number
  fault: string
  retryable: boolean
}

function expectTokenEndpointError(error: unknown, facts: Facts): void {
  expect(error).toBeInstanceOf(TokenEndpointError)
  expect(error).toMatchObject({
    name: 'TokenEndpointError',
    code: 'ERR_TOKEN_ENDPOINT',
    phase: 'exchange',
    httpStatus: undefined,
    networkCode: undefined,
    error: undefined,
    ...facts,
  })
}

/** Answers with this body and headers. */
function answer(
  status: number,
  body: string | Buffer = '',
  headers: Record<string, string> = {},
): Script {
  return (_request, response) => {
    response.writeHead(status, headers)
    response.end(body)
  }
}

const jsonType = { 'content-type': 'application/json' }
const htmlType = { 'content-type': 'text/html; charset=utf-8' }

/** Sends a byte now and then until the other side has had enough. */
function trickle(response: ServerResponse): void {
  response.writeHead(200, jsonType)
  const timer = setInterval(() => response.write(' '), 10)
  response.once('close', () => clearInterval(timer))
}

const timedOut = { status: 504, fault: 'provider', retryable: true, networkCode: 'timeout' }
const brokenOff = { status: 502, fault: 'provider', retryable: true }
const nonsense = { status: 502, fault: 'provider', retryable: false }

describe('a token endpoint that gives no whole answer', () => {
  it.each<[string, Script, Facts]>([
    ['never answers', () => undefined, timedOut],
    [
      'sends its headers and nothing more',
      (_request, response) => {
        response.writeHead(200, { ...jsonType, 'content-length': '100' })
        response.flushHeaders()
      },
      timedOut,
    ],
    ['trickles for ever', (_request, response) => trickle(response), timedOut],
    [
      'resets the connection',
      (_request, response) => void response.socket?.resetAndDestroy(),
      { ...brokenOff, networkCode: 'ECONNRESET' },
    ],
    [
      'closes the connection',
      (_request, response) => void response.socket?.end(),
      { ...brokenOff, networkCode: 'UND_ERR_SOCKET' },
    ],
    [
      'closes the connection in the middle of the answer',
      (_request, response) => {
        response.writeHead(200, { ...jsonType, 'content-length': '1000' })
        response.write('{"access_token":', () => response.socket?.end())
      },
      { ...brokenOff, networkCode: 'UND_ERR_SOCKET' },
    ],
    [
      'does not speak HTTP',
      (_request, response) => void response.socket?.end('SSH-2.0-OpenSSH_9.9\r\n'),
      { ...brokenOff, networkCode: 'HTTPParserError' },
    ],
  ])('that %s', async (_, script, facts) => {
    // Short enough to be waited for, long enough for the honest login that follows.
    const timeoutMs = facts.networkCode === 'timeout' ? 500 : undefined
    expectTokenEndpointError(await failureOf(script, { timeoutMs }), facts)
  })

  it('refuses connections', async () => {
    const gone = await listen(() => undefined)
    await gone.close()
    const app = await startApp({
      strategy: {
        ...endpointsOf(provider),
        tokenURL: `${gone.origin}/token`,
        skipUserProfile: true,
      },
    })
    servers.push(app)
    const browser = new Browser()
    await browser.follow(app.loginURL)

    expect(app.errors).toHaveLength(1)
    expectTokenEndpointError(app.errors[0], { ...brokenOff, networkCode: 'ECONNREFUSED' })

    const paths: (string | undefined)[] = []
    const back = await listen(
      (request, response) => {
        paths.push(`${request.method ?? ''} ${request.url ?? ''}`)
        response.writeHead(200, jsonType).end(JSON.stringify(tokenResponse()))
      },
      Number(new URL(gone.origin).port),
    )
    servers.push(back)
    const page = await browser.follow(app.loginURL)

    expect(page.url).toBe(`${app.origin}/`)
    expect(app.errors).toHaveLength(1)
    expect(paths).toEqual(['POST /token'])
    expect(asked(provider)).toEqual([])
  })

  it('hangs up on a body of 10 MB once it is past the limit, long before its end [token-3]', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, ' ')
    let finished: Promise<boolean> | undefined
    const error = await failureOf((_request, response) => {
      finished = once(response, 'close').then(() => response.writableFinished)
      response.writeHead(200, { ...jsonType, 'content-length': String(10 * megabyte.length) })
      // As fast as the other side reads, no faster.
      let sent = 0
      const more = (): void => {
        while (sent < 10 && !response.destroyed) {
          sent += 1
          if (!response.write(megabyte)) {
            response.once('drain', more)
            return
          }
        }
        response.end()
      }
      more()
    })

    expectTokenEndpointError(error, { ...nonsense, networkCode: 'too_large' })
    expect(await finished).toBe(false)
  })

  it('takes an answer that just fits the limit, and refuses one byte more', async () => {
    const body = JSON.stringify(tokenResponse())
    const limit = body.length + 10

    provider.onToken(answer(200, body.padEnd(limit, ' '), jsonType))
    const { errors } = await logInOnce({ ...endpointsOf(provider), responseLimitBytes: limit })
    expect(errors).toEqual([])
    expect(asked(provider)).toEqual(['POST /token', 'GET /me'])

    provider.reset()
    const error = await failureOf(answer(200, body.padEnd(limit + 1, ' '), jsonType), {
      responseLimitBytes: limit,
    })
    expectTokenEndpointError(error, { ...nonsense, networkCode: 'too_large' })
  })
})

describe('a token endpoint that answers', () => {
  const html = '<!doctype html><title>Gateway</title><h1>Something broke</h1>'

  it.each<[string, Script, Facts]>([
    [
      '500 with HTML',
      answer(500, html, htmlType),
      { status: 502, fault: 'provider', retryable: true, httpStatus: 500 },
    ],
    [
      '502 with nothing',
      answer(502),
      { status: 502, fault: 'provider', retryable: true, httpStatus: 502 },
    ],
    [
      '503 with HTML',
      answer(503, html, { ...htmlType, 'retry-after': '120' }),
      { status: 503, fault: 'provider', retryable: true, httpStatus: 503 },
    ],
    [
      '500 with an OAuth error, which then is not the browser’s fault',
      json({ error: 'invalid_grant' }, 500),
      {
        status: 502,
        fault: 'provider',
        retryable: true,
        httpStatus: 500,
        error: 'invalid_grant',
      },
    ],
    [
      '429',
      json({ error: 'slow_down' }, 429),
      { status: 503, fault: 'provider', retryable: true, httpStatus: 429, error: 'slow_down' },
    ],
    ['408', answer(408), { status: 502, fault: 'provider', retryable: true, httpStatus: 408 }],
    ['404 with HTML', answer(404, html, htmlType), { ...nonsense, httpStatus: 404 }],
    ['200 with HTML', answer(200, html, htmlType), { ...nonsense, httpStatus: 200 }],
    [
      '200 with HTML that is called JSON',
      answer(200, html, jsonType),
      { ...nonsense, httpStatus: 200 },
    ],
    ['200 with an empty body', answer(200, '', jsonType), { ...nonsense, httpStatus: 200 }],
    ['200 with an empty body and no content type', answer(200), { ...nonsense, httpStatus: 200 }],
    ['204', answer(204), { ...nonsense, httpStatus: 204 }],
    ['200 with a JSON list', json([tokenResponse()]), { ...nonsense, httpStatus: 200 }],
    ['200 with a JSON text', json('access_token'), { ...nonsense, httpStatus: 200 }],
    ['200 with null', json(null), { ...nonsense, httpStatus: 200 }],
    ['200 with {}', json({}), { ...nonsense, httpStatus: 200 }],
    [
      '200 with JSON cut short',
      answer(200, '{"access_token":"a","token_type":"Bea', jsonType),
      { ...nonsense, httpStatus: 200 },
    ],
    [
      '200 with an access token that is no text',
      json(tokenResponse({ access_token: { value: 'a' } })),
      { ...nonsense, httpStatus: 200 },
    ],
    [
      '200 with an empty access token',
      json(tokenResponse({ access_token: '' })),
      { ...nonsense, httpStatus: 200 },
    ],
    [
      '200 with a refresh token that is no text',
      json(tokenResponse({ refresh_token: 5 })),
      { ...nonsense, httpStatus: 200 },
    ],
    ['400 with an empty body and no content type', answer(400), { ...nonsense, httpStatus: 400 }],
    ['401 with an empty body', answer(401), { ...nonsense, httpStatus: 401 }],
    [
      '400 invalid_grant',
      json(
        { error: 'invalid_grant', error_description: 'The authorization code has expired' },
        400,
      ),
      {
        status: 400,
        fault: 'browser',
        retryable: false,
        httpStatus: 400,
        error: 'invalid_grant',
        errorDescription: 'The authorization code has expired',
      },
    ],
    [
      '401 invalid_client',
      json({ error: 'invalid_client' }, 401, { 'www-authenticate': 'Basic realm="provider"' }),
      {
        status: 500,
        fault: 'developer',
        retryable: false,
        httpStatus: 401,
        error: 'invalid_client',
      },
    ],
    [
      '400 with WWW-Authenticate: Bearer',
      json({ error: 'invalid_request' }, 400, { 'www-authenticate': 'Bearer' }),
      {
        status: 500,
        fault: 'developer',
        retryable: false,
        httpStatus: 400,
        error: 'invalid_request',
      },
    ],
    [
      '401 with a code no RFC names',
      json({ error: 'invalid_code' }, 401),
      { ...nonsense, httpStatus: 401, error: 'invalid_code' },
    ],
    [
      '403 with a code no RFC names',
      json({ error: 'organization_suspended' }, 403),
      { ...nonsense, httpStatus: 403, error: 'organization_suspended' },
    ],
    [
      '200 with an error',
      json({ error: 'invalid_grant', error_description: 'used before' }),
      {
        status: 400,
        fault: 'browser',
        retryable: false,
        httpStatus: 200,
        error: 'invalid_grant',
        errorDescription: 'used before',
      },
    ],
    [
      '200 with an error in a form',
      answer(200, 'error=bad_verification_code&error_description=It+is+wrong', {
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      }),
      {
        ...nonsense,
        httpStatus: 200,
        error: 'bad_verification_code',
        errorDescription: 'It is wrong',
      },
    ],
    [
      '400 with an error, and tokens all the same',
      json({ ...tokenResponse(), error: 'server_error' }, 400),
      { ...nonsense, httpStatus: 400, error: 'server_error' },
    ],
    ['400 with tokens', json(tokenResponse(), 400), { ...nonsense, httpStatus: 400 }],
    ['302 with tokens', json(tokenResponse(), 302), { ...nonsense, httpStatus: 302 }],
    [
      '400 with an error that is no text',
      json({ error: { message: 'nested' }, error_description: ['a', 'list'] }, 400),
      { ...nonsense, httpStatus: 400, errorDescription: 'nested' },
    ],
  ])('%s [token-2]', async (_, script, facts) => {
    expectTokenEndpointError(await failureOf(script), facts)
  })

  it.each([302, 303, 307, 308])('%i is not followed [token-1]', async (status) => {
    const elsewhere: string[] = []
    const other = await listen((request, response) => {
      elsewhere.push(request.url ?? '')
      response.writeHead(200, jsonType).end(JSON.stringify(tokenResponse()))
    })
    servers.push(other)
    const error = await failureOf(answer(status, '', { location: `${other.origin}/token` }))

    expectTokenEndpointError(error, { ...nonsense, httpStatus: status })
    expect(elsewhere).toEqual([])
  })
})

describe('an error of the token endpoint', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  /** What a server that quotes its input can get hold of. */
  function secretsIn(request: RecordedRequest | undefined): string[] {
    const form = new URLSearchParams(request?.body)
    const names = ['code', 'code_verifier', 'client_secret', 'client_assertion', 'from_app']
    const values = names.map((name) => form.get(name)).filter((value) => value !== null)
    const credentials = request?.headers.authorization?.split(' ')[1]
    const encoded = values.map((value) => new URLSearchParams({ v: value }).toString().slice(2))
    return [...values, ...encoded, ...(credentials === undefined ? [] : [credentials])]
  }

  /** A code and a secret whose spelling differs between forms, URLs and JSON. */
  const awkwardCode = 'c0de/with+odd &"characters"=é'
  const clientSecret = 's3cret/with+odd &"characters"=é'

  const quotations: [string, (request: RecordedRequest) => string][] = [
    ['the raw body', ({ body }) => body],
    ['every value', ({ body }) => [...new URLSearchParams(body).values()].join(' ')],
    ['values in URL spelling', ({ body }) => body.replaceAll('+', '%20')],
    ['JSON in the text', ({ body }) => JSON.stringify([...new URLSearchParams(body).values()])],
    ['the Authorization header', ({ headers }) => `got ${headers.authorization ?? 'none'}`],
    [
      'every value, far behind',
      ({ body }) => `${'.'.repeat(250)}${[...new URLSearchParams(body).values()].join(' ')}`,
    ],
  ]
  const methods: [string, Options][] = [
    ['client_secret_post', { clientSecret }],
    ['client_secret_basic', { clientSecret, clientAuthentication: 'client_secret_basic' }],
    [
      'client_secret_basic, raw',
      { clientSecret, clientAuthentication: 'client_secret_basic', basicCredentials: 'raw' },
    ],
    ['private_key_jwt', { privateKey, clientSecret }],
  ]

  it.each(
    quotations.flatMap(([what, quote]) =>
      methods.flatMap(([method, options]) =>
        ['error_description', 'error'].map(
          (member) => [what, member, method, quote, options] as const,
        ),
      ),
    ),
  )('shows no secret when the server quotes %s as %s (%s)', async (...row) => {
    const [, member, , quote, options] = row
    let request: RecordedRequest | undefined
    provider.onAuthorize((parameters) => ({
      code: awkwardCode,
      state: parameters.get('state') ?? '',
    }))
    const error = await failureOf(
      (received, response) => {
        request = received
        json({ error: 'invalid_request', [member]: quote(received) }, 400)(received, response)
      },
      { ...options, tokenParameters: { from_app: 'an-api-key-of-the-app' } },
    )
    expect(secretsIn(request).length).toBeGreaterThanOrEqual(6)
    expectNoneOf([...secretsIn(request), clientSecret], error)
  })

  const tokens = { access_token: 'the-access-token', refresh_token: 'the-refresh-token' }

  it.each<[string, (body: string) => Script]>([
    [
      'what is no HTTP',
      (body) => (_request, response) => response.socket?.end(`HTTP/1.1 ${body}\r\n\r\n`),
    ],
    [
      'a content type',
      (body) => answer(200, '', { 'content-type': body.replaceAll(/[^\w=&%-]/g, '') }),
    ],
    ['HTML', (body) => answer(200, body, htmlType)],
    ['a response that is not valid', () => json({ ...tokens, token_type: 'Bearer', scope: 5 })],
    ['a token type', () => json({ ...tokens, token_type: tokens.access_token })],
    ['JSON that breaks off', () => answer(200, JSON.stringify(tokens).slice(0, -2), jsonType)],
  ])('shows neither secrets nor tokens when they stand in %s', async (_, scriptFor) => {
    let request: RecordedRequest | undefined
    const error = await failureOf(
      (received, response) => {
        request = received
        scriptFor(received.body)(received, response)
      },
      { clientSecret: 'a-secret-of-plain-letters' },
    )
    expectNoneOf(
      [...secretsIn(request), 'a-secret-of-plain-letters', 'the-access-token', 'the-refresh-token'],
      error,
    )
  })

  it.each([
    ['signed', 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'],
    ['unsigned', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.'],
    ['encrypted', 'eyJhbGciOiJkaXIifQ..aXZpdml2.Y2lwaGVydGV4dA.dGFndGFn'],
  ])('shows no part of a JWT that it did not send itself (%s)', async (_, jwt) => {
    const error = await failureOf(
      json({ error: 'invalid_grant', error_description: `bad token "${jwt}", sorry` }, 400),
    )
    expect(error.errorDescription).toBe('bad token "…", sorry')
    expectNoneOf(
      jwt.split('.').filter((part) => part !== ''),
      error,
    )
  })

  it('keeps what helps: the redirect URI and the client id are no secrets', async () => {
    const error = await failureOf((received, response) => {
      const form = new URLSearchParams(received.body)
      const description = `redirect_uri ${form.get('redirect_uri') ?? ''} of ${form.get('client_id') ?? ''}`
      json({ error: 'invalid_grant', error_description: description }, 400)(received, response)
    })
    expect(error.errorDescription).toMatch(
      /^redirect_uri http:\/\/127\.0\.0\.1:\d+\/auth\/callback of client-1$/,
    )
  })

  it('has no control characters, line ends or terminal escapes of the server [token-10]', async () => {
    const error = await failureOf(
      json(
        {
          error: 'invalid_grant\r\nSet-Cookie: a=b',
          error_description: 'one\r\ntwo\u2028three\u001b[31mfour\u0000five\u0085six',
        },
        400,
      ),
    )
    expect(error.error).toBe('invalid_grant Set-Cookie: a=b')
    expect(error.errorDescription).toBe('one two three [31mfour five six')
    expect(error.message).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
  })

  it('is short, however much the server has to say', async () => {
    const error = await failureOf(
      json({ error: 'e'.repeat(10_000), error_description: 'd'.repeat(10_000) }, 400),
    )
    expect(error.error).toHaveLength(301)
    expect(error.errorDescription).toHaveLength(301)
    expect(error.message.length).toBeLessThan(800)
  })
})

describe('a token response', () => {
  /** Logs in with this answer of the token endpoint and returns the tokens in the session. */
  async function tokensOf(script: Script, options: Options = {}) {
    provider.onToken(script)
    const { tokens, errors } = await logInOnce({ ...endpointsOf(provider), ...options })
    expect(errors).toEqual([])
    expect(asked(provider)).toEqual(['POST /token', 'GET /me'])
    return tokens
  }

  it.each(['access_token', 'refresh_token'])(
    'may have no %s that no header could have',
    async (name) => {
      const script = json({ ...tokenResponse(), [name]: 'x'.repeat(70_000) })
      const error = await failureOf(script)
      expect(error.message).toContain(`its "${name}" is longer than 65536 characters`)
    },
  )

  it.each(['bearer', 'Bearer', 'BEARER', 'bEaReR'])(
    'may call its type %s [token-7]',
    async (tokenType) => {
      expect(await tokensOf(json(tokenResponse({ token_type: tokenType })))).toMatchObject({
        tokenType: 'bearer',
      })
    },
  )

  it.each([
    ['mac', 'mac'],
    ['DPoP, for which we have no proof', 'DPoP'],
    ['N_A', 'N_A'],
    ['a number', 1],
    ['missing', undefined],
  ])('is refused when its type is %s [token-6]', async (_, tokenType) => {
    const error = await failureOf(json(tokenResponse({ token_type: tokenType })))
    expectTokenEndpointError(error, { ...nonsense, httpStatus: 200 })
    expect(error.message).toContain('token_type')
  })

  it.each([
    ['a number', 3600, 3_600_000],
    ['a text', '3600', 3_600_000],
    ['a fraction', 0.5, 500],
    ['0', 0, 0],
  ])('may tell its life as %s', async (_, expiresIn, lifetimeMs) => {
    const before = Date.now()
    const tokens = await tokensOf(json(tokenResponse({ expires_in: expiresIn })))
    expect(tokens?.expiresAt).toBeGreaterThanOrEqual(before + lifetimeMs)
    expect(tokens?.expiresAt).toBeLessThanOrEqual(Date.now() + lifetimeMs)
  })

  it.each([
    ['be missing', undefined],
    ['be null', null],
  ])('may leave its life open: expires_in may %s [token-8]', async (_, expiresIn) => {
    const tokens = await tokensOf(json(tokenResponse({ expires_in: expiresIn })))
    expect(tokens).toMatchObject({ accessToken: expect.any(String) })
    expect(tokens).not.toHaveProperty('expiresAt')
  })

  it.each([1e15, 1e300])('may live as long as %d seconds', async (expiresIn) => {
    const tokens = await tokensOf(json(tokenResponse({ expires_in: expiresIn })))
    expect(tokens?.expiresAt).toBe(Number.MAX_SAFE_INTEGER)
  })

  it.each([
    ['-1', -1],
    ['soon', 'soon'],
    ['an empty text', ''],
    ['true', true],
    ['a list', []],
    ['an object', {}],
  ])('counts as one that does not tell its life when it says %s', async (_, expiresIn) => {
    const tokens = await tokensOf(json(tokenResponse({ expires_in: expiresIn })))
    expect(tokens).toMatchObject({ accessToken: expect.any(String) })
    expect(tokens).not.toHaveProperty('expiresAt')
  })

  it('of expires_in 0 is no token to be handed out, however often it comes', async () => {
    provider.onToken(json(tokenResponse({ expires_in: 0 })))
    const app = await startApp({ strategy: endpointsOf(provider) })
    servers.push(app)
    const browser = new Browser()
    await browser.follow(app.loginURL)
    const { status } = await browser.visit(`${app.origin}/token`)
    expect(status).toBe(502)
    expect(String(app.errors)).toContain('The access token had expired when it arrived.')
  })

  it('of expires_in 0 logs in, and its access token is renewed at its first use', async () => {
    provider.onToken(json(tokenResponse({ expires_in: 0 })))
    const app = await startApp({ strategy: endpointsOf(provider) })
    servers.push(app)
    const browser = new Browser()
    await browser.follow(app.loginURL)
    provider.onToken(json(tokenResponse({ expires_in: 60 })))
    const { status, text } = await browser.visit(`${app.origin}/token`)

    expect([status, JSON.parse(text)]).toEqual([200, { accessToken: expect.any(String) }])
    expect(app.errors).toEqual([])
    expect(asked(provider)).toEqual(['POST /token', 'GET /me', 'POST /token'])
  })

  const plain = '{"access_token":"the-token","token_type":"Bearer"}'
  it.each([
    ['with a byte order mark', `\uFEFF${plain}`, 'application/json'],
    ['with white space around it', `\r\n  ${plain}\n\n`, 'application/json'],
    ['with a charset', plain, 'application/json;charset=UTF-8'],
    ['with odd parameters', plain, 'Application/JSON ; charset="utf-8"; odd; =;'],
    ['of a structured type', plain, 'application/vnd.provider+json'],
    ['as text/plain', plain, 'text/plain; charset=utf-8'],
    ['as text/html', plain, 'text/html'],
    ['as application/x-www-form-urlencoded', plain, 'application/x-www-form-urlencoded'],
    ['with a content type that is none', plain, ';;;'],
    ['without a content type', plain, undefined],
  ])('may be JSON %s', async (_, body, contentType) => {
    const headers: Record<string, string> =
      contentType === undefined ? {} : { 'content-type': contentType }
    expect(await tokensOf(answer(200, body, headers))).toEqual({
      accessToken: 'the-token',
      tokenType: 'bearer',
    })
  })

  it('may come in pieces that cut its characters apart', async () => {
    const body = Buffer.from('{"access_token":"a","token_type":"Bearer","scope":"über"}')
    const middle = body.indexOf('ü') + 1
    const tokens = await tokensOf((_request, response) => {
      response.writeHead(200, jsonType)
      response.write(body.subarray(0, middle), () => response.end(body.subarray(middle)))
    })
    expect(tokens?.scope).toBe('über')
  })

  it('may be a form', async () => {
    const before = Date.now()
    const tokens = await tokensOf(
      answer(200, 'access_token=gho_1&scope=repo%2Cuser&token_type=bearer&expires_in=60', {
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      }),
    )
    expect(tokens).toMatchObject({ accessToken: 'gho_1', scope: 'repo,user', tokenType: 'bearer' })
    expect(tokens?.expiresAt).toBeGreaterThanOrEqual(before + 60_000)
  })

  it('may come with 201', async () => {
    expect(await tokensOf(json(tokenResponse(), 201))).toMatchObject({ tokenType: 'bearer' })
  })

  it('may have members of its own, which are not stored', async () => {
    const tokens = await tokensOf(
      json({
        access_token: 'a',
        token_type: 'Bearer',
        refresh_token: null,
        scope: null,
        error: null,
        user_id: 7,
        accessToken: 'not this one',
        not_before_policy: 0,
        nested: { access_token: 'nor this one' },
      }),
    )
    expect(tokens).toEqual({ accessToken: 'a', tokenType: 'bearer' })
  })

  it('may have a scope and no refresh token', async () => {
    const tokens = await tokensOf(json(tokenResponse({ refresh_token: undefined, scope: 'a b' })))
    expect(tokens).toMatchObject({ accessToken: expect.any(String), scope: 'a b' })
    expect(tokens).not.toHaveProperty('refreshToken')
  })

  describe('with an ID token', () => {
    const issuer = 'https://issuer.example'
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

    async function idToken(claims: Record<string, unknown> = {}): Promise<string> {
      const now = Math.floor(Date.now() / 1000)
      return new SignJWT({
        iss: issuer,
        aud: 'client-1',
        sub: 'ada',
        iat: now,
        exp: now + 60,
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256' })
        .sign(privateKey)
    }

    it('loses it when no issuer is known to validate it against', async () => {
      const tokens = await tokensOf(json(tokenResponse({ id_token: await idToken() })))
      expect(tokens).not.toHaveProperty('idToken')
    })

    it('loses it without an issuer even when it is no JWT at all', async () => {
      const tokens = await tokensOf(json(tokenResponse({ id_token: 5 })))
      expect(tokens).not.toHaveProperty('idToken')
    })

    it('keeps it when it is the issuer’s word for this client', async () => {
      const jwt = await idToken()
      const tokens = await tokensOf(json(tokenResponse({ id_token: jwt })), { issuer })
      expect(tokens?.idToken).toBe(jwt)
    })

    it.each([
      ['of another issuer', { iss: 'https://other.example' }],
      ['for another client', { aud: 'client-2' }],
      ['that has expired', { exp: 1 }],
      ['about nobody', { sub: undefined }],
    ])('is refused with one %s [token-9]', async (_, claims) => {
      const jwt = await idToken(claims)
      const error = await failureOf(json(tokenResponse({ id_token: jwt })), { issuer })
      expectTokenEndpointError(error, { ...nonsense, httpStatus: 200 })
      expectNoneOf(jwt.split('.'), error)
    })
  })
})

describe('parseTokenResponse', () => {
  const nested = ({ data }: { data?: { token: string; days: number } }) =>
    data === undefined
      ? { error: 'nothing_there' }
      : { access_token: data.token, token_type: 'bearer', expires_in: data.days * 86_400 }
  const parseTokenResponse = (body: unknown) => nested(body as object)

  it('makes a token response of one that nests and renames', async () => {
    const before = Date.now()
    provider.onToken(json({ data: { token: 'nested-token', days: 2 } }))
    const { tokens, errors } = await logInOnce({ ...endpointsOf(provider), parseTokenResponse })

    expect(errors).toEqual([])
    expect(tokens).toEqual({
      accessToken: 'nested-token',
      tokenType: 'bearer',
      expiresAt: expect.any(Number),
    })
    expect(tokens?.expiresAt).toBeGreaterThanOrEqual(before + 172_800_000)
    expect(asked(provider)).toEqual(['POST /token', 'GET /me'])
  })

  it('makes a refusal of what it finds to be one', async () => {
    const error = await failureOf(json({ ok: false }), {
      parseTokenResponse: (body) =>
        (body as { ok?: boolean }).ok === false
          ? { error: 'invalid_grant' }
          : (body as Record<string, unknown>),
    })
    expectTokenEndpointError(error, {
      status: 400,
      fault: 'browser',
      retryable: false,
      httpStatus: 200,
      error: 'invalid_grant',
    })
  })

  it('gets the text of an answer that is not JSON', async () => {
    const seen: unknown[] = []
    provider.onToken(answer(200, 'token: plain-token', { 'content-type': 'text/plain' }))
    const { tokens } = await logInOnce({
      ...endpointsOf(provider),
      parseTokenResponse: (body) => {
        seen.push(body)
        return { access_token: String(body).split(' ')[1], token_type: 'bearer' }
      },
    })
    expect(seen).toEqual(['token: plain-token'])
    expect(tokens).toEqual({ accessToken: 'plain-token', tokenType: 'bearer' })
    expect(asked(provider)).toEqual(['POST /token', 'GET /me'])
  })

  it('that throws ends the login, and what it throws is not shown', async () => {
    let calls = 0
    const error = await failureOf(json(tokenResponse({ access_token: 'the-access-token' })), {
      parseTokenResponse: (body) => {
        calls += 1
        if (calls > 1) return body as Record<string, unknown>
        throw new RangeError(`cannot read ${JSON.stringify(body)}`)
      },
    })
    expectTokenEndpointError(error, { ...nonsense, httpStatus: 200 })
    expect(error.message).toContain('parseTokenResponse')
    expect(error.message).toContain('RangeError')
    expectNoneOf(['the-access-token'], error)
  })

  it('that cannot read an error page leaves it what it was: passing, with its status', async () => {
    const error = await failureOf(answer(503, '<h1>Down</h1>', htmlType), {
      parseTokenResponse: (body) => {
        if (typeof body !== 'object') throw new TypeError('no object')
        return body as Record<string, unknown>
      },
    })
    expectTokenEndpointError(error, {
      status: 503,
      fault: 'provider',
      retryable: true,
      httpStatus: 503,
    })
  })

  it.each([
    ['nothing', undefined],
    ['a text', 'access_token=a'],
    ['a list', [{ access_token: 'a', token_type: 'bearer' }]],
    ['a promise', Promise.resolve({ access_token: 'a', token_type: 'bearer' })],
  ])('that returns %s ends the login', async (_, result) => {
    let calls = 0
    const error = await failureOf(json(tokenResponse()), {
      parseTokenResponse: (body) => {
        calls += 1
        return (calls > 1 ? body : result) as Record<string, unknown>
      },
    })
    expectTokenEndpointError(error, { ...nonsense, httpStatus: 200 })
  })
})

describe('a function of the application’s own that fails before anything is sent', () => {
  it('reaches the error handler as it is, and no request is made', async () => {
    const own = new Error('no audience today')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { errors } = await logInOnce({
      ...endpointsOf(provider),
      privateKey,
      clientAssertionAudience: () => {
        throw own
      },
    })
    expect(errors).toEqual([own])
    expect(errors[0]).toBe(own)
    expect(asked(provider)).toEqual([])
  })
})

describe('a token request', () => {
  it('carries further parameters and headers, which cannot replace the library’s own [token-4]', async () => {
    const { errors } = await logInOnce({
      ...endpointsOf(provider),
      skipUserProfile: true,
      tokenParameters: { resource: 'https://api.example' },
      customHeaders: { 'User-Agent': 'app/1.0', Accept: 'text/html', 'Content-Type': 'text/html' },
    })
    const { request, form } = tokenRequestOf(provider)

    expect(form['resource']).toBe('https://api.example')
    expect(request.headers).toMatchObject({
      'user-agent': 'app/1.0',
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
    })
    expect(errors).toEqual([])
    expect(asked(provider)).toEqual(['POST /token'])
  })

  it.each([
    'http://provider.example/token',
    'http://10.0.0.1/token',
    'http://0.0.0.0/token',
    'http://127.0.0.1.provider.example/token',
    'http://localhost.provider.example/token',
    'http://localhost@provider.example/token',
    'ftp://127.0.0.1/token',
  ])('never leaves for %s: HTTPS is needed [token-5]', (tokenURL) => {
    const error = thrownBy(
      () =>
        new AuthorizationCodeStrategy({
          authorizationURL: 'https://provider.example/authorize',
          tokenURL,
          clientID: 'client-1',
          callbackURL: 'https://app.example/callback',
        }),
    )
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'tokenURL' })
    expect(asked(provider)).toEqual([])
  })

  it.each([
    'https://provider.example/token',
    'http://127.0.0.1/token',
    'http://127.1.2.3:8080/token',
    'http://[::1]/token',
    'http://localhost:3000/token',
    'http://provider.localhost/token',
  ])('may go to %s', (tokenURL) => {
    const error = thrownBy(
      () =>
        new AuthorizationCodeStrategy({
          authorizationURL: 'https://provider.example/authorize',
          tokenURL,
          clientID: 'client-1',
          callbackURL: 'https://app.example/callback',
        }),
    )
    expect(error).toBeUndefined()
    expect(asked(provider)).toEqual([])
  })
})
