import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { Agent, interceptors, MockAgent } from 'undici'
import type { Dispatcher } from 'undici'
import { decompress } from '../../src/client/decompress.js'
import { createTransport, TransportError } from '../../src/client/transport.js'
import type { Answer, Transport } from '../../src/client/transport.js'
import { discover, TokenEndpointError } from '../../src/index.js'
import { compressed, COMPRESSIONS } from '../support/compressed.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf } from '../support/login.js'
import { speakOpenId } from '../support/openid-provider.js'
import { setScene } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'
import type { Script, ScriptedProvider } from '../support/scripted-provider.js'
import { until } from '../support/until.js'

const scene = setScene()

const LIMIT_BYTES = 10_000

function transportWith(dispatcher?: Dispatcher): Transport {
  const given = { timeoutMs: 10_000, responseLimitBytes: LIMIT_BYTES, maximumConnections: 32 }
  return createTransport({ ...given, dispatcher })
}

/** Answers with these bytes. */
function bytes(body: Buffer, headers: Record<string, string>, status = 200): Script {
  return (_request, response) => response.writeHead(status, headers).end(body)
}

function send(transport = transportWith()): Promise<Answer> {
  return transport.send({ method: 'GET', url: scene.provider.profileURL, headers: {} })
}

/** What reading an answer with these bytes rejects with. */
async function failureOf(body: Buffer, encoding: string): Promise<unknown> {
  scene.provider.onProfile(bytes(body, { 'content-encoding': encoding }))
  return send().catch((error: unknown) => error)
}

/** The provider, whose answers are compressed from now on. */
function compressing(...[, encoding, compress]: (typeof COMPRESSIONS)[number]): ScriptedProvider {
  const { provider } = scene
  return {
    ...provider,
    onToken: (script) => provider.onToken(compressed(script, encoding, compress)),
    onProfile: (script) => provider.onProfile(compressed(script, encoding, compress)),
    on: (path, script) => provider.on(path, compressed(script, encoding, compress)),
  }
}

describe('a provider that compresses every answer although nobody has asked for it', () => {
  it.each(COMPRESSIONS)('with %s: discovery, login and logout work', async (...compression) => {
    const provider = compressing(...compression)
    const { origin, authorizationURL, tokenURL, profileURL } = provider
    const { options } = await speakOpenId(provider)
    provider.onProfile(json({ sub: 'ada', name: 'Ada' }))
    provider.on('/par', json({ request_uri: 'urn:example:1', expires_in: 60 }, 201))
    provider.on('/revoke', json({}))
    provider.on(
      '/.well-known/openid-configuration',
      json({
        issuer: origin,
        authorization_endpoint: authorizationURL,
        token_endpoint: tokenURL,
        userinfo_endpoint: profileURL,
        jwks_uri: options.jwksURL,
        revocation_endpoint: `${origin}/revoke`,
        pushed_authorization_request_endpoint: `${origin}/par`,
        require_pushed_authorization_requests: true,
        code_challenge_methods_supported: ['S256'],
      }),
    )
    const app = await scene.start({ strategy: { ...options, ...(await discover(origin)) } })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    expect(bodyOf(await browser.visit(app.origin))).toMatchObject({ user: { id: 'ada' } })
    const logout = await browser.post(`${app.origin}/auth/logout`)
    expect(logout.status).toBe(303)
    await until(() => provider.requestsTo('/revoke').length > 0)

    expect(app.errors).toEqual([])
    expect([...new Set(asked(provider))]).toEqual([
      ...['GET /.well-known/openid-configuration', 'POST /par', 'POST /token', 'GET /jwks'],
      ...['GET /me', 'POST /revoke'],
    ])
  })

  it.each(COMPRESSIONS)('with %s: the reason of a refusal is read', async (...compression) => {
    compressing(...compression).onToken(json({ error: 'invalid_grant' }, 400))
    const app = await scene.start()
    await new Browser().follow(app.loginURL)

    expect(app.errors).toEqual([expect.any(TokenEndpointError)])
    expect(app.errors[0]).toMatchObject({ httpStatus: 400, error: 'invalid_grant' })
  })

  it.each(COMPRESSIONS)('with %s: strategy.fetch hands on the plain answer', async (...given) => {
    const [name] = given
    // What undici's fetch understands by itself.
    if (name.includes('capitals') || name.includes('without')) return
    compressing(...given).on('/api', json({ plain: true }))
    const answer = await transportWith().fetch(`${scene.provider.origin}/api`)

    expect(await answer.json()).toEqual({ plain: true })
  })
})

describe('an answer', () => {
  const text = JSON.stringify(tokenResponse({ scope: 'über' }))
  const gzip = { 'content-encoding': 'gzip' }

  it('may be in pieces that cut its compression apart', async () => {
    const body = gzipSync(text)
    scene.provider.onProfile((_request, response) => {
      response.writeHead(200, gzip)
      response.write(body.subarray(0, 15), () => response.end(body.subarray(15)))
    })
    expect((await send()).text).toBe(text)
  })

  it.each([
    'identity',
    'UTF-8',
    'none',
    'binary',
    '8bit',
    'aws-chunked',
    'x\u009b31m',
    'a, b, c, d, e, f',
  ])('may have %j in the place of a content coding', async (name) => {
    scene.provider.onProfile(bytes(Buffer.from(text), { 'content-encoding': name }))
    expect((await send()).text).toBe(text)
  })

  it.each(['aws-chunked, gzip', 'gzip, UTF-8', 'GZIP,none'])(
    'is decompressed if it is called %s',
    async (name) => {
      scene.provider.onProfile(bytes(gzipSync(text), { 'content-encoding': name }))
      expect((await send()).text).toBe(text)
    },
  )

  it.each([200, 204, 400])('of HTTP %i may have an encoding and no body', async (status) => {
    scene.provider.onProfile(bytes(Buffer.alloc(0), gzip, status))
    expect(await send()).toMatchObject({ status, text: '' })
  })

  it('may be compressed by a MockAgent', async () => {
    const agent = new MockAgent()
    agent.disableNetConnect()
    const { origin, pathname } = new URL(scene.provider.profileURL)
    agent
      .get(origin)
      .intercept({ path: pathname, method: 'GET' })
      .reply(200, gzipSync(text), { headers: gzip })
    expect((await send(transportWith(agent))).text).toBe(text)
    await agent.close()
  })

  it('may be decompressed by an interceptor of the dispatcher already', async () => {
    scene.provider.onProfile(bytes(gzipSync(text), gzip))
    const agent = new Agent().compose(interceptors.decompress())
    expect((await send(transportWith(agent))).text).toBe(text)
    await agent.close()
  })
})

describe('an answer that cannot be decompressed', () => {
  const text = JSON.stringify(tokenResponse())

  it.each([
    ['cut off', gzipSync(text).subarray(0, -10), 'gzip', 'its gzip is damaged or cut off'],
    ['cut off', brotliCompressSync(text).subarray(0, -5), 'br', 'its br is damaged or cut off'],
    ['plain', Buffer.from(text), 'gzip', 'its gzip is damaged or cut off'],
    ['plain', Buffer.from(text), 'deflate', 'its deflate is damaged or cut off'],
    ...['compress', 'x-compress', 'zstd', 'dcb', 'dcz', 'exi', 'pack200-gzip', 'aes128gcm'].map(
      (name): [string, Buffer, string, string] => [
        'of another encoding',
        Buffer.from(text),
        name,
        `its Content-Encoding is ${name}, and only gzip, br and deflate are read`,
      ],
    ),
    [
      'compressed six times',
      gzipSync(text),
      Array.from({ length: 6 }, () => 'gzip').join(),
      'it is compressed too many times',
    ],
  ])('because it is %s', async (_, body, encoding, why) => {
    const error = await failureOf(body, encoding)
    expect(error).toBeInstanceOf(TransportError)
    expect(error).toMatchObject({ networkCode: 'bad_encoding' })
    expect((error as Error).message).toContain(`The answer cannot be decompressed: ${why}`)
  })

  it('is a failure of the provider, with what to look at, and the next login works', async () => {
    scene.provider.onToken(bytes(gzipSync(text).subarray(0, 20), { 'content-encoding': 'gzip' }))
    const app = await scene.start()
    const browser = new Browser()
    await browser.follow(app.loginURL)
    expect(app.errors).toEqual([expect.any(TokenEndpointError)])
    expect(app.errors[0]).toMatchObject({
      status: 502,
      fault: 'provider',
      retryable: false,
      networkCode: 'bad_encoding',
    })

    scene.provider.reset()
    await browser.follow(app.loginURL)
    expect(bodyOf(await browser.visit(app.origin))).toMatchObject({ user: { id: 'ada' } })
  })
})

describe('the size limit of answers', () => {
  /** A thousandth of its plain size. */
  const bomb = Buffer.alloc(5_000_000, ' ')

  it.each(COMPRESSIONS)('holds after decompression: %s', async (_, encoding, compress) => {
    const error = await failureOf(compress(bomb), encoding)
    expect(error).toMatchObject({ networkCode: 'too_large' })
  })

  it.each(COMPRESSIONS)('leaves room for exactly as much: %s', async (_, encoding, compress) => {
    const most = Buffer.alloc(LIMIT_BYTES, 'x')
    scene.provider.onProfile(bytes(compress(most), { 'content-encoding': encoding }))
    expect((await send()).text).toHaveLength(LIMIT_BYTES)
    expect(await failureOf(compress(Buffer.alloc(LIMIT_BYTES + 1, 'x')), encoding)).toMatchObject({
      networkCode: 'too_large',
    })
  })

  it('costs no more memory than the limit, however much a body would become', async () => {
    const body = gzipSync(Buffer.alloc(200_000_000))
    const before = process.memoryUsage.rss()
    const failure = decompress(body, 'gzip', 1_000_000)

    await expect(failure).rejects.toMatchObject({ networkCode: 'too_large' })
    expect(process.memoryUsage.rss() - before).toBeLessThan(50_000_000)
  })

  it('of strategy.fetch holds after decompression', async () => {
    scene.provider.on('/api', bytes(gzipSync(bomb), { 'content-encoding': 'gzip' }))
    const answer = await transportWith().fetch(`${scene.provider.origin}/api`)
    await expect(answer.text()).rejects.toMatchObject({ networkCode: 'too_large' })
  })
})
