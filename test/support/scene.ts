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
  /** The same in what is as good as a new process: the library is loaded again, and remembers nothing. */
  startAnew(options?: SceneAppOptions): Promise<TestApp>
}

/** Sets the scene of a test file. To be called once, outside of all tests. */
export function setScene(): Scene {
  let provider: ScriptedProvider | undefined
  const apps: TestApp[] = []

  async function start(
    { strategy, ...options }: SceneAppOptions,
    startOne: typeof startApp,
  ): Promise<TestApp> {
    const { authorizationURL, tokenURL, profileURL } = scene.provider
    const endpoints = { authorizationURL, tokenURL, profileURL, clientSecret: 'secret-1' }
    const app = await startOne({ ...options, strategy: { ...endpoints, ...strategy } })
    apps.push(app)
    return app
  }

  const scene: Scene = {
    get provider() {
      if (provider === undefined) throw new Error('The scene is only set inside of tests.')
      return provider
    },
    start: (options = {}) => start(options, startApp),
    async startAnew(options = {}) {
      jest.resetModules()
      const loaded = await import('./app.js')
      return start(options, loaded.startApp)
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
