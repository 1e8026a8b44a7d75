import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { ServerOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'
import { promisify } from 'node:util'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { exportPKCS8 } from 'jose'
import { Agent } from 'undici'
import { discover } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { bundle } from '../support/bundle.js'
import { createCertificate } from '../support/certificates.js'
import type { Certificate } from '../support/certificates.js'
import { Browser } from '../support/http.js'
import { takeKeyPair } from '../support/keys.js'
import { asked, bodyOf } from '../support/login.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'
import { sessionRoutes } from '../support/session-routes.js'
import { fingerprintOf, startTlsProvider } from '../support/tls-provider.js'
import type { TlsProvider } from '../support/tls-provider.js'
import { until } from '../support/until.js'

const scene = setScene()
const closers: (() => Promise<unknown>)[] = []
let server: Certificate
let client: Certificate

beforeAll(async () => {
  server = await createCertificate()
  client = await createCertificate()
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Starts a back channel that ends with the test. */
async function startProvider(options: ServerOptions = {}): Promise<TlsProvider> {
  const provider = await startTlsProvider({ ...server, ...options })
  closers.unshift(() => provider.close())
  return provider
}

/** An agent for connections like these, that ends with the test. */
function agent(options: SecureContextOptions = {}): Agent {
  const one = new Agent({ connect: { ca: server.cert, ...options } })
  closers.unshift(() => one.destroy())
  return one
}

/** An application whose back channel is this one. */
function startApp(
  { origin }: TlsProvider,
  options: Partial<AuthorizationCodeOptions>,
): Promise<TestApp> {
  return scene.start({
    routes: sessionRoutes(`${origin}/api`).add,
    strategy: {
      tokenURL: `${origin}/token`,
      profileURL: `${origin}/me`,
      revocationURL: `${origin}/revoke`,
      ...options,
    },
  })
}

describe('a client that is known by its certificate', () => {
  let provider: TlsProvider

  beforeEach(async () => {
    provider = await startProvider({
      ca: [client.cert],
      requestCert: true,
      rejectUnauthorized: true,
    })
  })

  it.each([
    ['tls_client_auth', undefined],
    ['self_signed_tls_client_auth', undefined],
    ['tls_client_auth', 's3cret'],
    ['self_signed_tls_client_auth', 's3cret'],
  ] as const)(
    'authenticates by %s at every endpoint, and by nothing else, with the clientSecret %s [tls-1]',
    async (clientAuthentication, clientSecret) => {
      const app = await startApp(provider, {
        clientSecret,
        clientAuthentication,
        dispatcher: agent(client),
      })
      const browser = new Browser()

      expect(bodyOf(await browser.follow(app.loginURL))).toMatchObject({ user: { id: 'ada' } })
      expect((await browser.visit(`${app.origin}/renewed`)).status).toBe(200)
      await browser.post(`${app.origin}/auth/logout`)
      // Nobody's logout waits for a revocation.
      await until(() => provider.requests.length >= 4)

      expect(provider.requests.map(({ line }) => line)).toEqual([
        'POST /token',
        'GET /me',
        'POST /token',
        'POST /revoke',
      ])
      const fingerprints = provider.requests.map(({ fingerprint }) => fingerprint)
      expect(new Set(fingerprints)).toEqual(new Set([fingerprintOf(client.cert)]))
      for (const { line, authorization, form } of provider.requests) {
        if (line === 'GET /me') continue
        expect(authorization).toBeUndefined()
        expect(credentialsIn(form)).toEqual({ client_id: 'client-1' })
      }
      expect(app.errors).toEqual([])
    },
  )

  it('calls a resource with the certificate that the access token is bound to [tls-2]', async () => {
    const app = await startApp(provider, {
      clientSecret: undefined,
      clientAuthentication: 'tls_client_auth',
      dispatcher: agent(client),
    })
    const browser = new Browser()
    await browser.follow(app.loginURL)

    const page = await browser.visit(`${app.origin}/resource`)

    expect([page.status, bodyOf(page)]).toMatchObject([200, { sub: 'ada' }])
    expect(provider.requests.at(-1)).toMatchObject({
      line: 'GET /api',
      fingerprint: fingerprintOf(client.cert),
      authorization: expect.stringMatching(/^Bearer /),
    })
  })

  it.each([
    ['no certificate', () => Promise.resolve(undefined)],
    ['another one of the same name', () => createCertificate()],
  ])('cannot log anybody in with %s', async (_, certificate) => {
    const app = await startApp(provider, {
      clientSecret: undefined,
      clientAuthentication: 'tls_client_auth',
      dispatcher: agent(await certificate()),
    })
    expect((await new Browser().follow(app.loginURL)).status).toBe(502)
    expect(app.errors).toMatchObject([{ code: 'ERR_TOKEN_ENDPOINT', phase: 'exchange' }])
    expect(provider.requests).toEqual([])
  })

  describe('of a provider with mtls_endpoint_aliases', () => {
    beforeEach(() => {
      const { origin, authorizationURL, tokenURL, profileURL } = scene.provider
      scene.provider.on(
        '/.well-known/openid-configuration',
        json({
          issuer: origin,
          authorization_endpoint: authorizationURL,
          token_endpoint: tokenURL,
          userinfo_endpoint: profileURL,
          pushed_authorization_request_endpoint: `${origin}/par`,
          end_session_endpoint: `${origin}/logout`,
          token_endpoint_auth_methods_supported: ['tls_client_auth', 'private_key_jwt'],
          mtls_endpoint_aliases: {
            token_endpoint: `${provider.origin}/token`,
            userinfo_endpoint: `${provider.origin}/me`,
            revocation_endpoint: `${provider.origin}/revoke`,
            pushed_authorization_request_endpoint: `${provider.origin}/par`,
            // Not this client's own requests, and so not where certificates are asked for.
            authorization_endpoint: `${provider.origin}/authorize`,
            issuer: `${provider.origin}/somebody-else`,
          },
        }),
      )
    })

    it('takes the endpoints under mtls_endpoint_aliases where a certificate is used, and the ordinary ones where there are none [tls-4]', async () => {
      const discovered = await discover(scene.provider.origin, { mutualTls: true })

      expect(discovered).toMatchObject({
        issuer: scene.provider.origin,
        authorizationURL: scene.provider.authorizationURL,
        tokenURL: `${provider.origin}/token`,
        profileURL: `${provider.origin}/me`,
        revocationURL: `${provider.origin}/revoke`,
        endSessionURL: `${scene.provider.origin}/logout`,
      })
      const app = await scene.start({
        strategy: {
          ...discovered,
          clientSecret: undefined,
          clientAuthentication: 'tls_client_auth',
          dispatcher: agent(client),
        },
      })
      expect((await new Browser().follow(app.loginURL)).status).toBe(200)
      expect(asked(scene.provider)).toEqual(['GET /.well-known/openid-configuration'])

      const options = { mutualTls: true, pushedAuthorizationRequests: true }
      await expect(discover(scene.provider.origin, options)).resolves.toMatchObject({
        pushedAuthorizationRequestURL: `${provider.origin}/par`,
      })
    })

    it('takes the endpoints under mtls_endpoint_aliases with private_key_jwt too when it is told to [tls-5]', async () => {
      const { privateKey } = await takeKeyPair('PS256')
      const app = await scene.start({
        strategy: {
          ...(await discover(scene.provider.origin, { mutualTls: true })),
          clientSecret: undefined,
          privateKey: await exportPKCS8(privateKey),
          dispatcher: agent(client),
        },
      })
      expect((await new Browser().follow(app.loginURL)).status).toBe(200)
      expect(provider.requests[0]).toMatchObject({
        line: 'POST /token',
        fingerprint: fingerprintOf(client.cert),
        form: { client_assertion: expect.stringMatching(/^eyJ/) },
      })
    })

    it('leaves them alone when nobody asks for them', async () => {
      await expect(discover(scene.provider.origin)).resolves.toMatchObject({
        tokenURL: scene.provider.tokenURL,
        profileURL: scene.provider.profileURL,
        revocationURL: undefined,
      })
    })
  })

  it('goes to the ordinary endpoints of a provider without mtls_endpoint_aliases [tls-3]', async () => {
    scene.provider.on(
      '/.well-known/openid-configuration',
      json({
        issuer: scene.provider.origin,
        authorization_endpoint: scene.provider.authorizationURL,
        token_endpoint: `${provider.origin}/token`,
        userinfo_endpoint: `${provider.origin}/me`,
      }),
    )
    const app = await scene.start({
      strategy: {
        ...(await discover(scene.provider.origin, { mutualTls: true })),
        clientSecret: undefined,
        clientAuthentication: 'tls_client_auth',
        dispatcher: agent(client),
      },
    })
    expect((await new Browser().follow(app.loginURL)).status).toBe(200)
    expect(provider.requests.map(({ line }) => line)).toEqual(['POST /token', 'GET /me'])
  })
})

describe('a token endpoint with TLS', () => {
  let visitorFile: string
  beforeAll(() => {
    visitorFile = bundle('test/support/tls-visitor.ts')
  })

  /** What becomes of a request without a dispatcher, in a process that trusts these certificates. */
  async function visitWithoutDispatcher(
    { origin }: TlsProvider,
    ...trusted: readonly Certificate[]
  ): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'trusted-'))
    closers.unshift(() => rm(folder, { recursive: true }))
    const file = join(folder, 'trusted.pem')
    await writeFile(file, trusted.map(({ cert }) => cert).join('\n'))
    const env = { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: file }
    return (await promisify(execFile)(process.execPath, [visitorFile, origin], { env })).stdout
  }

  /** What becomes of a login whose tokens come from there. */
  async function logInAt(provider: TlsProvider, dispatcher?: Agent): Promise<TestApp> {
    const app = await startApp(provider, { dispatcher })
    await new Browser().follow(app.loginURL)
    return app
  }

  async function expectRefused(
    provider: TlsProvider,
    networkCode: string | RegExp,
    dispatcher?: Agent,
  ): Promise<void> {
    const { errors } = await logInAt(provider, dispatcher)
    expect(errors).toMatchObject([
      {
        code: 'ERR_TOKEN_ENDPOINT',
        phase: 'exchange',
        networkCode: expect.stringMatching(networkCode),
      },
    ])
    expect(provider.requests).toEqual([])
  }

  it('is taken when its certificate is good', async () => {
    const provider = await startProvider()
    expect((await logInAt(provider, agent())).errors).toEqual([])
    expect(provider.requests.map(({ line }) => line)).toEqual(['POST /token', 'GET /me'])
    expect(await visitWithoutDispatcher(provider, server)).toBe('HTTP 401')
  })

  it('is refused when its certificate is self-signed [tls-9]', async () => {
    const provider = await startProvider()
    await expectRefused(provider, 'DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(await visitWithoutDispatcher(provider, client)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  })

  it.each([
    ['has expired', 'CERT_HAS_EXPIRED', { expiresAt: new Date(Date.now() - 24 * 60 * 60 * 1000) }],
    ['is another host’s', 'ERR_TLS_CERT_ALTNAME_INVALID', { address: '127.0.0.2' }],
  ])('is refused when its certificate %s [tls-8]', async (_, networkCode, options) => {
    const own = await createCertificate(options)
    const provider = await startProvider(own)
    await expectRefused(provider, networkCode, agent({ ca: own.cert }))
    expect(await visitWithoutDispatcher(provider, own)).toBe(networkCode)
  })

  it('is refused when it speaks TLS 1.1 at most [tls-7]', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const
    const provider = await startProvider(old)
    // It does speak, with those who would still listen.
    const port = Number(new URL(provider.origin).port)
    const socket = connect({ port, host: '127.0.0.1', ca: server.cert, ...old })
    await once(socket, 'secureConnect')
    expect(socket.getProtocol()).toBe('TLSv1.1')
    socket.destroy()

    await expectRefused(provider, /^ERR_SSL_/, agent())
    expect(await visitWithoutDispatcher(provider, server)).toMatch(/^ERR_SSL_/)
  })

  it('is offered only the cipher suites of TLS 1.2 that the dispatcher names, or those of Node.js [tls-6]', async () => {
    const [first, second] = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384']
    const dispatcher = agent({ ciphers: first })

    const fitting = await startProvider({ maxVersion: 'TLSv1.2', ciphers: first })
    expect((await logInAt(fitting, dispatcher)).errors).toEqual([])
    await expectRefused(
      await startProvider({ maxVersion: 'TLSv1.2', ciphers: second }),
      /^ERR_SSL_/,
      dispatcher,
    )
    // One that does not encrypt.
    const clear = await startProvider({
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0',
    })
    expect(await visitWithoutDispatcher(clear, server)).toMatch(/^ERR_SSL_/)
    expect(await visitWithoutDispatcher(fitting, server)).toBe('HTTP 401')
  })
})

/** What of a form says or proves who the client is. */
function credentialsIn(form: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(form).filter(([name]) => name.startsWith('client_')))
}
