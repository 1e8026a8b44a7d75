import { afterAll, afterEach, beforeAll, beforeEach, jest } from '@jest/globals'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { startApp } from './app.js'
import type { TestApp, TestAppOptions } from './app.js'
import { startScriptedProvider } from './scripted-provider.js'
import type { ScriptedProvider } from './scripted-provider.js'

/** An application of the scene: {@link TestAppOptions}, of which nothing is required. */
export interface SceneAppOptions extends Omit<TestAppOptions, 'strategy'> {
  readonly strategy?: Partial<AuthorizationCodeOptions>
}

/** What a test file plays with. */
export interface Scene {
  /** One provider for the whole file, honest again and without memory before each test. */
  readonly provider: ScriptedProvider
  /** Starts an application that logs people in at the provider; it ends with the test. */
  start(options?: SceneAppOptions): Promise<TestApp>
}

/** Sets the scene of a test file. To be called once, outside of all tests. */
export function setScene(): Scene {
  let provider: ScriptedProvider | undefined
  const apps: TestApp[] = []
  const scene: Scene = {
    get provider() {
      if (provider === undefined) throw new Error('The scene is only set inside of tests.')
      return provider
    },
    async start({ strategy, ...options } = {}) {
      const { authorizationURL, tokenURL, profileURL } = scene.provider
      const endpoints = { authorizationURL, tokenURL, profileURL, clientSecret: 'secret-1' }
      const app = await startApp({ ...options, strategy: { ...endpoints, ...strategy } })
      apps.push(app)
      return app
    },
  }

  beforeAll(async () => {
    provider = await startScriptedProvider()
  })
  beforeEach(() => provider?.reset())
  afterEach(async () => {
    jest.restoreAllMocks()
    for (const app of apps.splice(0)) await app.close()
  })
  afterAll(() => provider?.close())
  return scene
}
