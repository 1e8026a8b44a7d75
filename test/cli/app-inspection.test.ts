import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import express from 'express'
import session from 'express-session'
import type { SessionOptions } from 'express-session'
import passport from 'passport'
import { examine } from '../../src/cli/doctor.js'
import type { CheckedSetup } from '../../src/cli/doctor.js'
import type { Finding } from '../../src/cli/finding.js'
import { importApplication } from '../../src/cli/setup.js'
import { AuthorizationCodeStrategy, authRouter, cookiePendingLogins } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { listen } from '../support/http.js'

let provider: TestProvider

beforeAll(async () => {
  provider = await startTestProvider()
})
afterAll(() => provider.close())

const optionsFor = (more: Partial<AuthorizationCodeOptions> = {}): AuthorizationCodeOptions => ({
  ...provider.options,
  callbackURL: 'http://127.0.0.1:1/auth/callback',
  ...more,
})

interface AppOptions extends Partial<SessionOptions> {
  readonly strategy?: Partial<AuthorizationCodeOptions>
  readonly prepare?: (app: express.Express) => void
  readonly without?: 'session' | 'passport'
}

/** An application as the README sets it up, with a mistake. */
function appWith({ strategy, prepare, without, ...options }: AppOptions = {}): express.Express {
  const app = express()
  prepare?.(app)
  const secret = 'a-secret'
  if (without !== 'session') {
    app.use(session({ secret, resave: false, saveUninitialized: false, ...options }))
    if (without !== 'passport') app.use(passport.session())
  }
  app.use('/auth', authRouter(new AuthorizationCodeStrategy(optionsFor(strategy))))
  return app
}

/** What `doctor` finds, by what it looked at. */
async function findings(
  setup: Partial<CheckedSetup> & { readonly strategy?: Partial<AuthorizationCodeOptions> },
): Promise<(check: string) => Finding | undefined> {
  const { strategy, ...more } = setup
  const found = await examine({ loadOptions: () => Promise.resolve(optionsFor(strategy)), ...more })
  return (check) => found.find((one) => one.check === check)
}

const inspect = (app: RequestListener, strategy?: Partial<AuthorizationCodeOptions>) =>
  findings({ ...(strategy && { strategy }), loadApplication: () => Promise.resolve(app) })

/** What a server in production looks like from within. */
const inProduction = (app: express.Express): unknown => app.set('env', 'production')

const HTTPS = { callbackURL: 'https://app.example/auth/callback' }

class OtherStore extends session.MemoryStore {}

describe('doctor, with the application', () => {
  it('finds nothing in one that is set up well', async () => {
    const found = await inspect(
      appWith({
        prepare: (app) => inProduction(app.set('trust proxy', 1)),
        store: new OtherStore(),
        cookie: { secure: true },
        strategy: HTTPS,
      }),
      HTTPS,
    )
    for (const check of ['session', 'session store', 'proxy', 'resave']) {
      expect([check, found(check)?.status]).toEqual([check, 'ok'])
    }
    expect(found('session store')?.seen).toBe('OtherStore')
  })

  it.each<[string, AppOptions, string, Partial<Finding>]>([
    ['resave: true', { resave: true }, 'resave', { status: 'warning' }],
    ['MemoryStore in production', { prepare: inProduction }, 'session store', { status: 'failed' }],
    ['MemoryStore in development', {}, 'session store', { status: 'ok' }],
    ['no sessions', { without: 'session' }, 'session', { status: 'failed' }],
    ['no passport.session()', { without: 'passport' }, 'session', { status: 'failed' }],
    [
      'no trust proxy',
      { cookie: { secure: true }, strategy: HTTPS },
      'proxy',
      { status: 'failed', seen: expect.stringContaining('secure') as unknown as string },
    ],
    [
      'pending logins in cookies, where no session is stored',
      {
        resave: true,
        strategy: { pendingLogins: cookiePendingLogins({ secret: 'x'.repeat(32) }) },
      },
      'resave',
      { status: 'skipped' },
    ],
  ])('finds %s', async (_, options, check, finding) => {
    const found = await inspect(appWith(options), options.strategy)
    expect(found(check)).toMatchObject(finding)
  })

  it('finds cookie-session by what it leaves on requests', async () => {
    const app = express()
    app.use((req, _res, next) => {
      Object.assign(req, { session: {}, sessionOptions: { signed: true } })
      next()
    })
    const found = await inspect(app)
    expect(found('session')).toMatchObject({
      status: 'failed',
      seen: expect.stringContaining('cookie-session'),
    })
  })

  it('says if it does not answer', async () => {
    const found = await inspect((_request, response) => response.destroy())
    expect(found('application')).toMatchObject({ status: 'failed' })
  })

  it('leaves the store as it was', async () => {
    const store = new OtherStore()
    await inspect(appWith({ store }))
    expect(Object.hasOwn(store, 'set')).toBe(false)
  })
})

describe('the module of the application', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'doctor-app-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.each([
    ['an application', 'export default Object.assign(() => undefined, { handle() {} })'],
    ['a function that makes it', 'export default async () => () => undefined'],
  ])('exports %s', async (name, text) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.mjs`)
    await writeFile(file, text)
    expect(await importApplication(file)).toEqual(expect.any(Function))
  })

  it('that exports nothing, or throws, is a finding without its secrets', async () => {
    const file = join(folder, 'none.mjs')
    await writeFile(file, 'export const app = 1')
    const broken = join(folder, 'broken.mjs')
    await writeFile(broken, "throw new Error('secret-of-the-module')")
    for (const one of [file, broken]) {
      const found = await findings({ loadApplication: () => importApplication(one) })
      expect(found('application')).toMatchObject({
        status: 'failed',
        seen: expect.not.stringContaining('secret-of-the-module'),
      })
    }
  })
})

describe('doctor', () => {
  it.each([
    ["default-src 'self';form-action 'self'", 'warning'],
    ['form-action https:', undefined],
    ["default-src 'self'", undefined],
  ])('looks at the policy %s', async (policy, status) => {
    const app = express()
    app.use((_req, res, next) => {
      res.set('Content-Security-Policy', policy)
      next()
    })
    app.use(appWith())
    const server = await listen(app)
    try {
      const found = await findings({
        application: { origin: server.origin, loginPath: '/auth/login' },
      })
      expect(found('form-action')?.status).toBe(status)
    } finally {
      await server.close()
    }
  })

  it('finds several processes whose tokens are in the sessions', async () => {
    expect((await findings({ processes: 2 }))('processes')).toMatchObject({ status: 'warning' })
    expect((await findings({ processes: 1 }))('processes')).toBeUndefined()
    expect((await findings({ processes: 2, grantSecret: 'x' }))('processes')).toBeUndefined()
  })
})
