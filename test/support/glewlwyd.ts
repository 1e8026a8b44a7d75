import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { discover } from '../../src/index.js'
import { findFreePort, isListening } from './child-process.js'
import { Browser } from './http.js'
import type { Page } from './http.js'
import { CLIENT_ID, CLIENT_SECRET } from './other-server.js'
import type { OtherServer } from './other-server.js'
import { until } from './until.js'

/** Where Debian's package puts the tables of a new database, and the server's parts. */
const TABLES = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3'
const MODULES = '/usr/lib/glewlwyd'

const PASSWORD = 'the password of Ada'

/**
 * Starts Glewlwyd, an OpenID provider written in C, with a database and keys of its own: PKCE is
 * required, ID tokens are signed with ES256, and refresh tokens can be used once.
 */
export async function startGlewlwyd(program: string): Promise<OtherServer> {
  const folder = await mkdtemp(join(tmpdir(), 'glewlwyd-'))
  const port = await findFreePort()
  const origin = `http://127.0.0.1:${port}`
  const child = await startServer(program, folder, port)
  const close = async (): Promise<void> => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  try {
    return { origin, close, ...(await setUp(origin)) }
  } catch (error) {
    await close()
    throw error
  }
}

/** Makes the running server one with a client and a person. */
async function setUp(origin: string): Promise<Omit<OtherServer, 'origin' | 'close'>> {
  const issuer = `${origin}/api/oidc`
  const admin = await logIn(new Browser(), origin, { username: 'admin', password: 'password' })
  await administer(admin, origin, issuer)
  const redirectURIs: string[] = []
  const provider = await discover(issuer)
  return {
    options: {
      ...provider,
      profileURL: provider.profileURL ?? '',
      clientSecret: CLIENT_SECRET,
      // Its metadata lists Basic credentials alone for revocations, and it reads them as they are.
      basicCredentials: 'raw',
      // An access token is valid after its refresh token was revoked.
      revocationEnds: 'token',
      scope: 'openid profile',
    },
    async register(redirectURI) {
      redirectURIs.push(redirectURI)
      await send(admin, 'PUT', `${origin}/api/client/${CLIENT_ID}`, clientOf(redirectURIs))
    },
    allow: (browser, url) => consent(browser, origin, url, 'openid profile'),
    // Its pages have no button for "no". Whoever must not be asked at all gets the same answer.
    deny: async (browser, url) => (await browser.visit(`${url}&prompt=none`)).location ?? '',
  }
}

/** Ada logs in and grants this scope, by the requests that the server's own login page makes. */
export async function consent(
  browser: Browser,
  origin: string,
  authorizationRequest: string,
  scope: string,
): Promise<string> {
  const { location = '' } = await browser.visit(authorizationRequest)
  const resume = new URL(location).searchParams.get('callback_url') ?? ''
  await logIn(browser, origin, { username: 'ada', password: PASSWORD })
  await send(browser, 'PUT', `${origin}/api/auth/grant/${CLIENT_ID}`, { scope })
  return (await browser.visit(`${resume}&g_continue`)).location ?? ''
}

async function startServer(program: string, folder: string, port: number): Promise<ChildProcess> {
  const database = join(folder, 'glewlwyd.db')
  const configuration = join(folder, 'glewlwyd.conf')
  await promisify(execFile)('sqlite3', [database, `.read ${TABLES}`])
  await writeFile(configuration, configurationOf(port, database))
  const child = spawn(program, [`--config-file=${configuration}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer): void => void (output += chunk.toString())
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`Glewlwyd ended:\n${output}`)))
  })
  // It says that it has started before it listens.
  await Promise.race([until(() => isListening(port)), ended])
  return child
}

function configurationOf(port: number, database: string): string {
  return `
    port = ${port}
    bind_address = "127.0.0.1"
    external_url = "http://127.0.0.1:${port}"
    login_url = "login.html"
    log_mode = "console"
    log_level = "INFO"
    user_module_path = "${MODULES}/user"
    client_module_path = "${MODULES}/client"
    user_auth_scheme_module_path = "${MODULES}/scheme"
    plugin_module_path = "${MODULES}/plugin"
    database = { type = "sqlite3"; path = "${database}"; };
  `
}

/** What an administrator would click together. */
async function administer(admin: Browser, origin: string, issuer: string): Promise<void> {
  await send(admin, 'POST', `${origin}/api/mod/plugin/`, {
    module: 'oidc',
    name: 'oidc',
    display_name: 'OpenID Connect',
    parameters: parametersOf(issuer),
  })
  await send(admin, 'POST', `${origin}/api/scope/`, { name: 'profile' })
  await send(admin, 'POST', `${origin}/api/user/`, {
    username: 'ada',
    name: 'Ada Lovelace',
    password: PASSWORD,
    scope: ['openid', 'profile', 'g_profile'],
    enabled: true,
  })
  await send(admin, 'POST', `${origin}/api/client/`, { client_id: CLIENT_ID, ...clientOf([]) })
}

function parametersOf(issuer: string): Record<string, unknown> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    iss: issuer,
    'jwt-type': 'ecdsa',
    'jwt-key-size': '256',
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: publicKey.export({ type: 'spki', format: 'pem' }),
    'jwks-show': true,
    'subject-type': 'public',
    'name-claim': 'mandatory',
    'access-token-duration': 3600,
    'refresh-token-duration': 1_209_600,
    'code-duration': 600,
    'refresh-token-rolling': true,
    'refresh-token-one-use': 'always',
    'auth-type-code-enabled': true,
    'auth-type-code-revoke-replayed': true,
    'auth-type-refresh-enabled': true,
    'auth-type-token-enabled': false,
    'auth-type-password-enabled': false,
    'auth-type-client-enabled': false,
    'pkce-allowed': true,
    'pkce-required': true,
    'introspection-revocation-allowed': true,
    'introspection-revocation-allow-target-client': true,
    'oauth-as-iss-id': true,
    'session-management-allowed': true,
    'session-cookie-name': 'oidc-session',
    'session-cookie-expiration': 86_400,
  }
}

function clientOf(redirectURIs: readonly string[]): Record<string, unknown> {
  return {
    name: 'Client 1',
    confidential: true,
    client_secret: CLIENT_SECRET,
    redirect_uri: redirectURIs,
    authorization_type: ['code', 'refresh_token'],
    token_endpoint_auth_method: ['client_secret_basic', 'client_secret_post'],
    scope: [],
    enabled: true,
  }
}

async function logIn(
  browser: Browser,
  origin: string,
  credentials: Readonly<Record<string, string>>,
): Promise<Browser> {
  await send(browser, 'POST', `${origin}/api/auth/`, credentials)
  return browser
}

/** @throws {Error} when the server does not answer 200 */
async function send(browser: Browser, method: string, url: string, body: object): Promise<Page> {
  const headers = { 'content-type': 'application/json' }
  const page = await browser.request(url, { method, headers, body: JSON.stringify(body) })
  if (page.status === 200) return page
  throw new Error(`Glewlwyd answered ${method} ${url} with HTTP ${page.status}: ${page.text}`)
}
