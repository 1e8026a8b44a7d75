import { afterAll, afterEach, beforeAll, beforeEach, jest } from '@jest/globals'
import { discover } from '../../src/index.js'
import type { AuthorizationCodeOptions, DiscoverOptions } from '../../src/index.js'
import { startApp } from './app.js'
import type { TestApp, TestAppOptions } from './app.js'
import { openPort } from './closable-port.js'
import type { ClosablePort } from './closable-port.js'
import { speakOpenId } from './openid-provider.js'
import type { OpenIdProvider } from './openid-provider.js'
import { json, startScriptedProvider } from './scripted-provider.js'
import type { Script, ScriptedProvider } from './scripted-provider.js'

export const METADATA_PATH = '/.well-known/openid-configuration'

/** A provider that can go down and come up again, and applications that read its metadata when they need them. */
export interface OutageScene {
  readonly issuer: string
  readonly port: ClosablePort
  readonly provider: ScriptedProvider
  readonly openid: OpenIdProvider
  /** Changes the metadata from now on; a member that is `undefined` is left out. */
  publish(members?: Readonly<Record<string, unknown>>): void
  /** Moves the token endpoint to another path: to the old one, nobody answers. */
  moveTokenEndpoint(path: string): void
  /** How often the metadata were asked for. */
  readonly readings: () => number
  start(
    strategy?: Partial<AuthorizationCodeOptions>,
    options?: Omit<TestAppOptions, 'strategy'> & { readonly discover?: DiscoverOptions },
  ): Promise<TestApp>
}

/** Sets the scene of a test file. The provider is up, honest and without memory at the start of each test. */
export function setOutageScene(): OutageScene {
  const apps: TestApp[] = []
  let scripted: ScriptedProvider
  let provider: ScriptedProvider
  let port: ClosablePort
  let openid: OpenIdProvider
  let answerToken: Script

  beforeAll(async () => {
    scripted = await startScriptedProvider()
    port = await openPort(scripted.origin)
    provider = {
      ...scripted,
      origin: port.origin,
      onToken(script) {
        answerToken = script
        scripted.onToken(script)
      },
    }
  })
  beforeEach(async () => {
    provider.reset()
    openid = await speakOpenId(provider)
    scene.publish()
    provider.on('/revoke', json({}))
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    for (const app of apps.splice(0)) await app.close()
    await port.close()
    await port.open()
  })
  afterAll(async () => {
    await port.close()
    await scripted.close()
  })

  const scene: OutageScene = {
    get issuer() {
      return port.origin
    },
    get port() {
      return port
    },
    get provider() {
      return provider
    },
    get openid() {
      return openid
    },
    publish(members = {}) {
      const { origin } = port
      const metadata = {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        jwks_uri: `${origin}/jwks`,
        revocation_endpoint: `${origin}/revoke`,
        end_session_endpoint: `${origin}/end-session`,
        ...members,
      }
      provider.on(METADATA_PATH, json(metadata))
    },
    moveTokenEndpoint(path) {
      provider.on(path, answerToken)
      scripted.onToken((_request, response) => response.writeHead(404).end())
      scene.publish({ token_endpoint: port.origin + path })
    },
    readings: () => provider.requestsTo(METADATA_PATH).length,
    async start(strategy = {}, { discover: how, ...options } = {}) {
      const app = await startApp({
        ...options,
        strategy: {
          ...discover.lazy(port.origin, how),
          clientSecret: 'secret-1',
          scope: 'openid',
          ...strategy,
        } as TestAppOptions['strategy'],
      })
      apps.push(app)
      return app
    },
  }
  return scene
}
