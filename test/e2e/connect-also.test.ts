import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { GrantStore, ListedGrant } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { bodyOf, sessionIdOf, startLogin } from '../support/login.js'
import { startTwoProvidersApp } from '../support/two-providers-app.js'
import type { TwoProvidersApp, TwoProvidersOptions } from '../support/two-providers-app.js'
import { until } from '../support/until.js'

let google: TestProvider
let github: TestProvider
let store: GrantStore
let browser: Browser
let app: TwoProvidersApp

beforeAll(async () => {
  google = await startTestProvider()
  github = await startTestProvider()
})
beforeEach(() => {
  store = createMemoryStore()
  browser = new Browser()
})
afterEach(async () => {
  await app.close()
  google.reset()
  github.reset()
})
afterAll(async () => {
  await google.close()
  await github.close()
})

async function start(options: Partial<TwoProvidersOptions> = {}): Promise<void> {
  app = await startTwoProvidersApp({
    providers: { google, github },
    grants: grantsIn(store),
    ...options,
  })
}

/** A visit as the person `sub` of the provider. */
async function visit(
  provider: TestProvider,
  sub: string,
  path: string,
  who = browser,
): Promise<Page> {
  provider.user = { sub }
  return who.follow(app.origin + path)
}

async function tokenOf(name: string): Promise<string> {
  return String(bodyOf(await browser.visit(`${app.origin}/${name}/token`))['token'])
}

async function whoIs(): Promise<unknown> {
  return bodyOf(await browser.visit(`${app.origin}/`))['user']
}

function list(name: string, account: string): Promise<readonly ListedGrant[]> {
  return app.strategies[name]?.listGrants(account) ?? Promise.resolve([])
}

const subjectsOf = (grants: readonly ListedGrant[]): unknown[] =>
  grants.map(({ subject }) => subject)

describe('a provider that people log in with and connect', () => {
  it('does both with one callback, and tells verify which it is', async () => {
    await start()
    await visit(google, '1', '/google/login')
    const id = sessionIdOf(browser, app.origin)
    await visit(github, '7', '/github/connect')

    expect(await whoIs()).toEqual({ id: 'google 1' })
    expect(sessionIdOf(browser, app.origin)).toBe(id)
    expect(app.owners.get('github 7')).toBe('google 1')
    expect(app.verified.map(({ connectTo }) => connectTo)).toEqual([undefined, { id: 'google 1' }])

    const other = new Browser()
    await visit(github, '7', '/github/login', other)
    expect(bodyOf(await other.visit(`${app.origin}/`))).toEqual({ user: { id: 'google 1' } })
  })

  it('takes a login for a login also if somebody is logged in', async () => {
    await start()
    await visit(google, '1', '/google/login')
    await visit(github, '7', '/github/login')
    expect(app.verified[1]?.connectTo).toBeUndefined()
    expect(await whoIs()).toEqual({ id: 'github 7' })
  })

  it('leaves the person as they were if verify refuses to connect', async () => {
    await start()
    await visit(github, '7', '/github/login', new Browser())
    await visit(google, '1', '/google/login')
    const page = await visit(github, '7', '/github/connect')
    expect([page.status, page.text.includes('You are still logged in')]).toEqual([403, true])
    expect(await whoIs()).toEqual({ id: 'google 1' })
    expect(await list('github', 'google 1')).toEqual([])
  })

  it('asks for more at a connected provider, and comes back by the same callback', async () => {
    await start({
      routes: (one, { github: strategy }) => {
        one.get('/repositories', (req, res, next) => {
          strategy
            ?.checkLogin(req, { scope: ['repo'] })
            .then(() => res.send('repositories'))
            .catch((error: unknown) => strategy.startLogin(req, res, error as Error).catch(next))
        })
      },
    })
    await visit(google, '1', '/google/login')
    await visit(github, '7', '/github/connect')
    const page = await visit(github, '7', '/repositories')
    expect(page.text).toBe('repositories')
    expect(await whoIs()).toEqual({ id: 'google 1' })
  })
})

describe('several accounts of one provider', () => {
  it('are listed by who they are there, and connecting the second ends nothing of the first', async () => {
    await start()
    await visit(google, '1', '/google/login')
    await visit(github, '7', '/github/connect')
    const first = await tokenOf('github')
    await visit(github, '8', '/github/connect')
    const second = await tokenOf('github')

    expect(github.introspect(first)).toMatchObject({ user: { sub: '7' } })
    expect(github.introspect(second)).toMatchObject({ user: { sub: '8' } })
    const grants = await list('github', 'google 1')
    expect(subjectsOf(grants)).toEqual(['8', '7'])
    const [, older] = grants
    const holder = { account: 'google 1', grant: String(older?.id) }
    expect(await app.strategies['github']?.accessToken(holder)).toBe(first)
    expect(github.requestsTo('revoke')).toEqual([])
  })

  it('include the one by which the person is logged in: their session stays that login', async () => {
    await start()
    await visit(google, '1', '/google/login')
    await visit(google, '2', '/google/connect')

    expect(google.introspect(await tokenOf('google'))).toMatchObject({ user: { sub: '1' } })
    const grants = await list('google', 'google 1')
    expect(subjectsOf(grants).sort()).toEqual(['1', '2'])
    const idOf = (sub: string): string => String(grants.find((one) => one.subject === sub)?.id)
    const [second, first] = [idOf('2'), idOf('1')]
    expect(
      await app.strategies['google']?.accessToken({ account: 'google 1', grant: second }),
    ).toBeDefined()

    await app.strategies['google']?.endGrant({ account: 'google 1', grant: second })
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
    await app.strategies['google']?.endGrant({ account: 'google 1', grant: first })
    expect((await browser.visit(`${app.origin}/private`)).location).toBe(
      `${app.origin}/login?return_to=%2Fprivate`,
    )
    expect(google.requestsTo('revoke')).toHaveLength(2)
  })

  it('replace each other if grants end with the login', async () => {
    await start({ strategy: { grantLifetime: 'login' } })
    await visit(google, '1', '/google/login')
    await visit(github, '7', '/github/connect')
    await visit(github, '8', '/github/connect')
    await until(async () => (await list('github', 'google 1')).length === 1)
    expect(subjectsOf(await list('github', 'google 1'))).toEqual(['8'])
  })
})

describe('an account that moves to another user', () => {
  it.each([
    ['revokes nothing while the new owner’s grant is alive', 'grant', 0],
    ['revokes the tokens of the former owner', undefined, 1],
  ] as const)('%s', async (_what, revocationEnds, revoked) => {
    await start({ strategy: { ...(revocationEnds && { revocationEnds }) } })
    await visit(github, '7', '/github/login', new Browser())
    app.owners.set('github 7', 'google 1')
    await visit(google, '1', '/google/login')
    await visit(github, '7', '/github/connect')
    const own = await tokenOf('github')

    const [old] = await list('github', 'github 7')
    await app.strategies['github']?.endGrant({ account: 'github 7', grant: String(old?.id) })

    expect(await list('github', 'github 7')).toEqual([])
    expect(subjectsOf(await list('github', 'google 1'))).toEqual(['7'])
    expect(github.requestsTo('revoke').length > 0).toBe(revoked > 0)
    expect(github.introspect(own)).toMatchObject({ user: { sub: '7' } })
  })
})

describe('a callback that comes twice at once', () => {
  it.each(['login', 'connect'])('makes one token request for /github/%s', async (route) => {
    await start()
    await visit(google, '1', '/google/login')
    github.user = { sub: '7' }
    const { callback } = await startLogin(browser, `${app.origin}/github/${route}`)
    const pages = await Promise.all([browser.visit(callback), browser.visit(callback)])
    expect(pages.map(({ status, location }) => [status, location])).toEqual([
      [302, `${app.origin}/`],
      [302, `${app.origin}/`],
    ])
    expect(github.requestsTo('token')).toHaveLength(1)
    expect(await whoIs()).toEqual({ id: route === 'login' ? 'github 7' : 'google 1' })
  })
})
