import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { SessionOptions } from 'express-session'
import { exportJWK } from 'jose'
import { Agent, MockAgent } from 'undici'
import { examine as examineSetup } from '../../src/cli/doctor.js'
import { discover } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { startApp } from '../support/app.js'
import { createCertificate } from '../support/certificates.js'
import type { CertificateOptions } from '../support/certificates.js'
import { runCommand } from '../support/command-line.js'
import { stop } from '../support/http.js'
import { takeRsaKeyPair } from '../support/keys.js'
import { startRedis } from '../support/redis.js'
import { RedisGrants } from '../../src/redis.js'
import { writeGrants } from '../support/write-grants.js'
import { REPOSITORY } from '../support/repository.js'
import { describeWithRedis } from '../support/requirements.js'
import { json, startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'
import { startTlsProvider } from '../support/tls-provider.js'

interface Finding {
  readonly check: string
  readonly status: string
  readonly seen: string
  readonly cure?: string
}

const pem = (modulusLength: number): string => {
  const { privateKey } =
    modulusLength === 2048 ? takeRsaKeyPair() : generateKeyPairSync('rsa', { modulusLength })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}

const publicPem = (): string =>
  takeRsaKeyPair().publicKey.export({ type: 'spki', format: 'pem' }) as string

const DAY_MS = 24 * 60 * 60 * 1000

let provider: TestProvider
let scripted: ScriptedProvider
let folder: string
const running: { close(): Promise<void> }[] = []

beforeAll(async () => {
  const registered = takeRsaKeyPair()
  provider = await startTestProvider({
    clientKeys: { keys: [await exportJWK(registered.publicKey)] },
  })
  scripted = await startScriptedProvider()
  folder = await mkdtemp(join(tmpdir(), 'doctor-'))
})
beforeEach(() => scripted.reset())
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})
afterAll(async () => {
  await provider.close()
  await scripted.close()
  await rm(folder, { recursive: true, force: true })
})

/** An application of this provider that runs, and the environment of both. */
async function setUp(session: Partial<SessionOptions> = {}): Promise<Record<string, string>> {
  const { issuer, clientID, clientSecret } = provider.options
  const app = await startApp({ strategy: { ...provider.options, scope: 'openid' }, session })
  running.push(app)
  return {
    ISSUER: issuer,
    CLIENT_ID: clientID,
    CLIENT_SECRET: clientSecret,
    CALLBACK_URL: app.callbackURL,
    SCOPE: 'openid',
    APP_URL: app.origin,
  }
}

/** What `doctor` finds of an application and a provider behind one TLS server. */
async function examineOverTls(
  handle: RequestListener,
  expiresAt?: Date,
): Promise<(check: string) => Finding | undefined> {
  const certificate = await createCertificate(expiresAt && { expiresAt })
  const server = createTlsServer(certificate, handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const dispatcher = new Agent({ connect: { ca: certificate.cert } })
  running.push({ close: () => dispatcher.close() }, { close: () => stop(server) })
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const findings = await examineSetup({
    loadOptions: () =>
      Promise.resolve({
        ...{ authorizationURL: `${origin}/authorize`, tokenURL: `${origin}/token`, dispatcher },
        ...{ clientID: 'c', clientSecret: 's', callbackURL: `${origin}/auth/callback` },
      }),
    application: { origin, loginPath: '/auth/login' },
  })
  return (check) => findings.find((one) => one.check === check)
}

/** What `doctor` finds, by what it looked at. */
async function examine(env: Record<string, string>): Promise<{
  readonly exitCode: number
  readonly findings: readonly Finding[]
  readonly of: (check: string) => Finding | undefined
}> {
  const { exitCode, printed } = await runCommand(['doctor', '--json'], env)
  const { ok, findings } = JSON.parse(printed) as { ok: boolean; findings: Finding[] }
  expect(ok).toBe(exitCode === 0)
  return { exitCode, findings, of: (check) => findings.find((one) => one.check === check) }
}

/** Metadata of the scripted provider, which knows every client and no code. */
function describeScripted(members: Record<string, unknown> = {}): void {
  const { origin, authorizationURL, tokenURL } = scripted
  const metadata = {
    issuer: origin,
    authorization_endpoint: authorizationURL,
    token_endpoint: tokenURL,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    ...members,
  }
  scripted.on('/.well-known/openid-configuration', json(metadata))
  scripted.onToken(json({ error: 'invalid_grant' }, 400))
}

const withScripted = (): Record<string, string> => ({ ISSUER: scripted.origin, APP_URL: '' })

/** The issuer is a server with a certificate of a CA that this machine does not know. */
async function withPrivateCa(ofCa: CertificateOptions): Promise<Record<string, string>> {
  const ca = await createCertificate(ofCa)
  const { cert, key } = await createCertificate({ ca })
  const server = await startTlsProvider({ key, cert: `${cert}\n${ca.cert}` })
  running.push(server)
  return { ISSUER: server.origin }
}

describe('doctor, with a set-up that is well', () => {
  it('says so, one line a check, and asks with a code that nobody gave out', async () => {
    const env = {
      ...(await setUp()),
      POST_LOGOUT_REDIRECT_URL: 'https://app.example/auth/logged-out',
    }
    provider.reset()
    const { exitCode, printed, said } = await runCommand(['doctor'], env)
    expect([exitCode, said]).toEqual([0, ''])
    const lines = printed.split('\n')
    expect(lines.map((line) => line.split(/\s+/)[0])).toEqual([
      ...['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'skipped', 'ok', 'ok', 'ok', 'ok', 'ok'],
      ...['skipped', 'skipped', 'skipped'],
    ])
    expect(printed).toContain(
      'ok       client: the provider accepts the client’s credentials (client_secret_post)',
    )
    expect(provider.requestsTo('token').at(-1)?.parameters).toMatchObject({
      code: 'a-code-that-does-not-exist',
    })
    expect(printed).not.toContain(provider.options.clientSecret)
  })

  it('takes flags for what is not secret, and they win', async () => {
    const env = await setUp()
    const args = ['doctor', '--issuer', provider.options.issuer, '--scope', 'openid']
    expect((await runCommand(args, { ...env, ISSUER: 'https://nowhere.invalid' })).exitCode).toBe(0)
    const secret = await runCommand(['doctor', '--client-secret', 'x'], env)
    expect([secret.exitCode, secret.said]).toEqual([2, expect.stringContaining('--client-secret')])
  })

  it('reads the options of an application from a module', async () => {
    const env = await setUp()
    const config = join(folder, 'auth-options.mjs')
    const { CALLBACK_URL: callbackURL, APP_URL = '' } = env
    const options = JSON.stringify({ ...provider.options, callbackURL, scope: 'openid' })
    await writeFile(config, `export default ${options}`)
    const { exitCode, printed } = await runCommand(['doctor', '--config', config], { APP_URL })
    expect([exitCode, printed]).toEqual([0, expect.stringContaining('ok       client')])
  })
})

describeWithRedis('doctor, with a Redis', () => {
  it('says whether it answers, and whether it may forget', async () => {
    const redis = await startRedis()
    running.push({ close: () => redis.stop() })
    const env = { REDIS_URL: redis.url.replace('redis://', 'redis://:a-password@') }
    expect((await examine({ REDIS_URL: redis.url })).of('Redis')).toMatchObject({
      status: 'ok',
      seen: `127.0.0.1:${redis.port} answers`,
    })
    expect(JSON.stringify((await examine(env)).findings)).not.toContain('a-password')
    const client = await redis.connect()
    await client.configSet('maxmemory-policy', 'allkeys-lru')
    expect((await examine({ REDIS_URL: redis.url })).of('Redis')).toMatchObject({
      status: 'warning',
      cure: expect.stringContaining('noeviction'),
    })
  })

  it('says whether the secret opens the grants, and finds a process that has another one', async () => {
    const redis = await startRedis()
    running.push({ close: () => redis.stop() })
    const client = await redis.connect()
    const env = { REDIS_URL: redis.url, REDIS_PREFIX: 'app:' }
    const findingOf = async (GRANT_SECRET: string) =>
      (await examine({ ...env, GRANT_SECRET })).of('grant secret')
    const [ours, theirs] = ['our secret, with a comma in it, and long', 'their secret '.repeat(3)]
    const write = (secret: string, count: number): Promise<void> =>
      writeGrants(new RedisGrants({ client, secret, prefix: 'app:' }), count)

    expect((await examine({ REDIS_URL: redis.url })).of('grant secret')).toMatchObject({
      status: 'skipped',
      seen: expect.stringContaining('GRANT_SECRET is not set'),
    })
    expect(await findingOf(ours)).toMatchObject({ status: 'skipped' })
    await write(ours, 3)
    expect(await findingOf(ours)).toMatchObject({
      status: 'ok',
      seen: 'GRANT_SECRET opens all of 3 grants that were tried',
    })
    expect(await findingOf(theirs)).toMatchObject({
      status: 'failed',
      seen: 'GRANT_SECRET opens none of 3 grants that were tried',
    })
    await write(theirs, 2)
    const mixed = await findingOf(ours)
    expect(mixed).toMatchObject({
      status: 'failed',
      seen: 'GRANT_SECRET opens only 3 of 5 grants that were tried',
    })
    expect(JSON.stringify(mixed)).not.toContain(ours)
  })
})

type Environment = Record<string, string>

type Change = Environment | ((env: Environment) => Environment | Promise<Environment>)

describe('doctor finds', () => {
  it.each<[string, Change, string, string, RegExp, RegExp]>([
    [
      'an issuer with a spelling mistake',
      () => ({ ISSUER: `${provider.options.issuer}/x` }),
      'discovery',
      'failed',
      /HTTP 404/,
      /exactly as the provider writes it/,
    ],
    [
      'metadata that is no JSON',
      () => {
        scripted.on('/.well-known/openid-configuration', (_request, response) =>
          response.end('<html>'),
        )
        return withScripted()
      },
      'discovery',
      'failed',
      /not valid/,
      /ask the provider/,
    ],
    [
      'a provider without S256',
      () => {
        describeScripted({ code_challenge_methods_supported: ['plain'] })
        return withScripted()
      },
      'options',
      'failed',
      /lists PKCE only without S256 \(plain\).*dangerouslyOmitPkce/,
      /^Correct the option dangerouslyOmitPkce\.$/,
    ],
    [
      'metadata that names another issuer',
      () => {
        describeScripted({ issuer: 'https://login.example/realms/main' })
        return withScripted()
      },
      'discovery',
      'failed',
      /read for the issuer 'http:[^']+', and names the issuer 'https:\/\/login\.example\/realms\/main'\.$/,
      /write 'https:\/\/login\.example\/realms\/main'/,
    ],
    [
      'metadata that names Azure’s template',
      () => {
        describeScripted({ issuer: 'https://login.example/{tenantid}/v2.0' })
        return withScripted()
      },
      'discovery',
      'failed',
      /names the issuer 'https:\/\/login\.example\/\{tenantid\}\/v2\.0'\.$/,
      /^Each tenant has an issuer of its own\. Write the id of yours/,
    ],
    [
      'an issuer that is Azure’s template',
      { ISSUER: 'https://login.microsoftonline.com/{tenantid}/v2.0' },
      'options',
      'failed',
      /Replace \{tenantid\} by your own value, such as the id of your tenant/,
      /^Correct the option issuer\.$/,
    ],
    [
      'an issuer with the path of its metadata',
      () => ({ ISSUER: `${scripted.origin}/.well-known/openid-configuration` }),
      'options',
      'failed',
      /without the path of its metadata\. Write 'http:\/\/127\.0\.0\.1:\d+'\.$/,
      /^Correct the option issuer\.$/,
    ],
    [
      'a provider with a certificate of a private CA',
      () => withPrivateCa({ isCa: true }),
      'discovery',
      'failed',
      /could not be read from https:.*\(SELF_SIGNED_CERT_IN_CHAIN\)\.$/,
      /^Give the CA’s certificate by `NODE_EXTRA_CA_CERTS`/,
    ],
    [
      'a provider with a certificate of a CA that may not issue any',
      () => withPrivateCa({ isCa: false }),
      'discovery',
      'failed',
      /could not be read from https:.*\(INVALID_(?:CA|PURPOSE)\)\.$/,
      /`basicConstraints = CA:TRUE`/,
    ],
    [
      'a provider that is not there',
      { ISSUER: 'https://127.0.0.1:1' },
      'discovery',
      'failed',
      /could not be read from https:\/\/127\.0\.0\.1:1: .*\(ECONNREFUSED\)\.$/,
      /^Check host and port of the URL\.$/,
    ],
    [
      'a callback URL without TLS',
      { CALLBACK_URL: 'http://app.example/auth/callback' },
      'options',
      'failed',
      /HTTPS/,
      /callbackURL/,
    ],
    [
      'a client id that is not set',
      { CLIENT_ID: '' },
      'options',
      'failed',
      /clientID is missing/,
      /clientID/,
    ],
    [
      'a wrong client secret',
      { CLIENT_SECRET: 'wrong' },
      'client',
      'failed',
      /invalid_client/,
      /client_secret_basic/,
    ],
    [
      'a client that nobody has registered',
      { CLIENT_ID: 'stranger' },
      'client',
      'failed',
      /invalid_client/,
      /Check .clientID/,
    ],
    [
      'a key that is too short',
      () => ({ PRIVATE_KEY: pem(1024) }),
      'key',
      'failed',
      /2048 bits/,
      /keygen/,
    ],
    [
      'a key that is the public half',
      () => ({ PRIVATE_KEY: publicPem() }),
      'key',
      'failed',
      /private/i,
      /keygen/,
    ],
    [
      'a key that the provider does not have',
      () => ({ PRIVATE_KEY: pem(2048) }),
      'client',
      'failed',
      /invalid_client/,
      /public half/,
    ],
    [
      'a clock that is wrong',
      () => {
        describeScripted()
        scripted.onToken((_request, response) => {
          const date = new Date(Date.now() - 120_000).toUTCString()
          response.writeHead(400, { date }).end('{"error":"invalid_grant"}')
        })
        return withScripted()
      },
      'clock',
      'failed',
      /1\d\d s ahead of the provider/,
      /NTP/,
    ],
    [
      'a scope with a spelling mistake',
      () => {
        describeScripted({ scopes_supported: ['openid', 'profile'] })
        return { ...withScripted(), SCOPE: 'openid proflie' }
      },
      'scope',
      'warning',
      /does not list proflie/,
      /spelling/,
    ],
    [
      'a provider’s logout from which nobody comes back',
      () => {
        describeScripted({ end_session_endpoint: `${scripted.origin}/end-session` })
        return withScripted()
      },
      'logout',
      'warning',
      /stay at the provider/,
      /postLogoutRedirectURL/,
    ],
    [
      'a callback on another host than the application',
      { CALLBACK_URL: 'https://app.example/auth/callback' },
      'callback URL',
      'failed',
      /not the address of the application/,
      /one origin/,
    ],
    [
      'a callback on another port than the application, without a word about cookies',
      ({ APP_URL = '' }) => ({ CALLBACK_URL: `${APP_URL.replace(/\d+$/, '1')}/auth/callback` }),
      'callback URL',
      'failed',
      /^(?!.*cookie).* have different ports$/,
      /^(?!.*cookie).*port/,
    ],
    [
      'a login route that is not there',
      { LOGIN_PATH: '/login' },
      'login',
      'failed',
      /HTTP 404/,
      /LOGIN_PATH/,
    ],
    [
      'a callback with another path than the application’s',
      ({ APP_URL = '' }) => ({ CALLBACK_URL: `${APP_URL}/login/callback` }),
      'login',
      'failed',
      /HTTP 404/,
      /beside the path of callbackURL/,
    ],
    [
      'an application of another provider',
      () => {
        describeScripted()
        return { ISSUER: scripted.origin }
      },
      'login',
      'failed',
      /redirects to/,
      /different provider/,
    ],
    [
      'a cookie that stays behind',
      () => setUp({ cookie: { sameSite: 'strict' } }),
      'cookie',
      'failed',
      /SameSite=Strict/,
      /lax/,
    ],
    [
      'a proxy that the application does not trust',
      () => setUp({ cookie: { secure: true } }),
      'cookie',
      'failed',
      /sets no cookie/,
      /trust proxy/,
    ],
    [
      'a token endpoint that is elsewhere',
      () => {
        describeScripted({ token_endpoint: `${scripted.origin}/tokens` })
        return withScripted()
      },
      'client',
      'failed',
      /HTTP 404/,
      /tokenURL/,
    ],
    [
      'a cookie that browsers refuse',
      () => setUp({ cookie: { sameSite: 'none' } }),
      'cookie',
      'failed',
      /None without Secure/,
      /lax/,
    ],
    [
      'a callback that no browser can go to',
      { CALLBACK_URL: 'https://0.0.0.0/auth/callback' },
      'callback URL',
      'failed',
      /browsers cannot open/,
      /host that browsers see/,
    ],
    [
      'an address that is none of a Redis',
      { REDIS_URL: 'http://:a-password@127.0.0.1:1' },
      'Redis',
      'failed',
      /^the address is not one of Redis$/,
      /redis:/,
    ],
    [
      'a Redis that is not there',
      { REDIS_URL: 'redis://127.0.0.1:1' },
      'Redis',
      'failed',
      /ECONNREFUSED/,
      /REDIS_URL/,
    ],
  ])(
    '%s',
    async (_mistake, change, check, status, seen, cure) => {
      const well = await setUp()
      const env = { ...well, ...(typeof change === 'function' ? await change(well) : change) }
      const { exitCode, of } = await examine(env)
      expect(of(check)).toEqual({
        check,
        status,
        seen: expect.stringMatching(seen),
        cure: expect.stringMatching(cure),
      })
      expect(exitCode).toBe(status === 'failed' ? 1 : 0)
    },
    20_000,
  )

  it.each([
    ['a host that does not exist', 'ENOTFOUND', /^Check the URL, and the DNS/],
    ['a host that cannot be reached', 'EHOSTUNREACH', /through a proxy.*ProxyAgent/],
    ['a host that does not answer', 'ETIMEDOUT', /through a proxy.*ProxyAgent/],
  ])('%s', async (_what, code, cure) => {
    const dispatcher = new MockAgent()
    dispatcher.disableNetConnect()
    running.push(dispatcher)
    const failure = Object.assign(new Error('a failure of the network'), { code })
    dispatcher
      .get('https://login.example')
      .intercept({ path: '/.well-known/openid-configuration' })
      .replyWithError(failure)
    const findings = await examineSetup({
      loadOptions: async () => ({
        ...(await discover('https://login.example', { dispatcher })),
        clientID: 'c',
        callbackURL: 'https://app.example/callback',
      }),
    })
    expect(findings[0]).toEqual({
      check: 'discovery',
      status: 'failed',
      seen: `The provider's metadata could not be read from https://login.example: The connection failed (${code}).`,
      cure: expect.stringMatching(cure),
    })
  })

  it('a provider without S256, also if the options were not discovered', async () => {
    describeScripted({ code_challenge_methods_supported: ['plain'] })
    const { origin: issuer, authorizationURL, tokenURL } = scripted
    const findings = await examineSetup({
      loadOptions: () =>
        Promise.resolve({
          ...{ issuer, authorizationURL, tokenURL, clientID: 'c', clientSecret: 's' },
          callbackURL: 'https://app.example/callback',
        }),
    })
    expect(findings.find(({ check }) => check === 'PKCE')).toMatchObject({
      status: 'failed',
      seen: 'the provider supports PKCE only without S256',
      cure: expect.stringContaining('dangerouslyOmitPkce'),
    })
  })

  it('a certificate that vouches for itself', async () => {
    const server = await startTlsProvider(await createCertificate())
    running.push(server)
    const config = join(folder, 'tls-options.mjs')
    const urls = { authorizationURL: `${server.origin}/a`, tokenURL: `${server.origin}/token` }
    const options = { ...urls, clientID: 'c', callbackURL: 'https://app.example/callback' }
    await writeFile(config, `export default ${JSON.stringify(options)}`)
    const { exitCode, of } = await examine({ CONFIG: config })
    expect(exitCode).toBe(1)
    expect(of('connection')).toMatchObject({
      status: 'failed',
      seen: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT'),
      cure: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    })
  })

  it.each([
    ['a certificate that ends soon', 13, 'warning', /expires in 12 days/],
    ['nothing in one that is good for longer', 30, 'ok', /valid for 29 days/],
  ])('%s', async (_what, days, status, seen) => {
    const expiresAt = new Date(Date.now() + days * DAY_MS)
    const of = await examineOverTls((_request, response) => response.end(), expiresAt)
    expect(of('connection')).toMatchObject({ status, seen: expect.stringMatching(seen) })
  })

  it('a proxy that ends TLS and says so to nobody', async () => {
    const of = await examineOverTls((request, response) => {
      // An application that trusts its proxy, as the proxy passes it on.
      const isTold = request.headers['x-forwarded-proto'] === 'https'
      response.writeHead(302, isTold ? { 'set-cookie': 'sid=1; HttpOnly; Secure' } : {}).end()
    })
    expect(of('cookie')).toMatchObject({
      status: 'failed',
      cure: 'Let the proxy that terminates TLS send X-Forwarded-Proto: https.',
    })
  })

  it('an application behind TLS that trusts no proxy', async () => {
    const of = await examineOverTls((_request, response) => response.writeHead(302).end())
    expect(of('cookie')).toMatchObject({
      status: 'failed',
      cure: expect.stringContaining("app.set('trust proxy', 1)"),
    })
  })

  it.each([
    ['no Secure', 'sid=1; HttpOnly', 'failed', /sid is not Secure/],
    ['no HttpOnly', 'sid=1; Secure', 'warning', /sid is not HttpOnly/],
    ['only the CSRF token strict', 'sid=1; HttpOnly; Secure', 'ok', /^sid$/],
  ])('cookies with %s', async (_what, cookie, status, seen) => {
    const csrf = status === 'ok' ? ['csrf=1; Secure; SameSite=Strict'] : []
    const of = await examineOverTls((_request, response) =>
      response.writeHead(302, { 'set-cookie': [cookie, ...csrf] }).end(),
    )
    expect(of('cookie')).toMatchObject({ status, seen: expect.stringMatching(seen) })
  })

  it('an issuer that the module of options cannot discover', async () => {
    const config = join(folder, 'discovers.mjs')
    const index = pathToFileURL(join(REPOSITORY, 'dist', 'index.js')).href
    const issuer = `${provider.options.issuer}/x`
    await writeFile(
      config,
      `import { discover } from '${index}'\nexport default await discover('${issuer}')`,
    )
    const bin = join(REPOSITORY, 'dist', 'cli.js')
    const result = promisify(execFile)(process.execPath, [bin, 'doctor', '--config', config])
    await expect(result).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^failed {3}discovery: .*HTTP 404/),
    })
  })

  it('a Redis that says nothing', async () => {
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const { of } = await examine({ REDIS_URL: `redis://127.0.0.1:${port}` })
    expect(of('Redis')).toMatchObject({
      status: 'failed',
      seen: `127.0.0.1:${port} does not answer`,
    })
    silent.close()
  })

  it('a module of options that throws, and quotes nothing of it', async () => {
    const config = join(folder, 'throws.mjs')
    await writeFile(config, "throw new Error('not with my-secret-123')")
    const { exitCode, printed, said } = await runCommand(['doctor', '--config', config])
    expect(exitCode).toBe(1)
    expect(printed).toContain('cannot be loaded (Error)')
    expect(printed + said).not.toContain('my-secret-123')
    const stray = await runCommand(['doctor', 'my-secret-123'])
    expect([stray.exitCode, stray.said]).toEqual([
      2,
      'Each value needs the name of its argument before it; --help lists them.',
    ])
  })

  it('its end, also when the module of options keeps something open', async () => {
    const config = join(folder, 'open.mjs')
    await writeFile(config, 'setInterval(() => 0, 1000); export default {}')
    const bin = join(REPOSITORY, 'dist', 'cli.js')
    const result = promisify(execFile)(process.execPath, [bin, 'doctor', '--config', config])
    await expect(result).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('is missing'),
    })
  })

  it('a key in no format that is known, and quotes none of it', async () => {
    const { printed } = await runCommand(['doctor'], {
      ...(await setUp()),
      PRIVATE_KEY: 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC',
    })
    expect(printed).toContain('PRIVATE_KEY is neither PEM text')
    expect(printed).not.toContain('MIIEvQIBADANBgkqhkiG9w0BAQEFAASC')
  })

  it('nothing to look at when it is told nothing', async () => {
    const { exitCode, findings } = await examine({})
    expect(exitCode).toBe(1)
    expect(findings[0]).toMatchObject({ check: 'options', status: 'failed' })
  })
})
