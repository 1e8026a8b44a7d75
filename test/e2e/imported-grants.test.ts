import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { TOMBSTONE_MS } from '../../src/grants/grant-record.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { GrantStore, Imported, ImportedGrant } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { refreshesAt } from '../support/refreshes.js'

const HOUR = 3600
const ADA = { account: 'account-of-ada' }
const IMPORTED: Imported = { imported: 1, known: 0, repaired: 0 }
const KNOWN: Imported = { imported: 0, known: 1, repaired: 0 }
const REPAIRED: Imported = { imported: 0, known: 0, repaired: 1 }

let provider: TestProvider
let store: GrantStore
let apps: TestApp[]
/** Whether logins bring a refresh token: at Google, only those with a consent do. */
let consents: boolean

beforeAll(async () => {
  provider = await startTestProvider()
})
beforeEach(() => {
  provider.reset()
  provider.user = { sub: 'ada' }
  store = createMemoryStore()
  apps = []
  consents = true
})
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()))
})
afterAll(() => provider.close())

/** Starts one process of the application. All share the store of grants, unless they are given another. */
async function startProcess(grants = grantsIn(store)): Promise<TestApp> {
  const app = await startApp({
    strategy: {
      ...provider.options,
      name: 'company',
      grants,
      grantLifetime: 'account',
      accountOf: ({ id }: { id: string }) => `account-of-${id}`,
      parseTokenResponse: (body) => {
        const all = body as object as Record<string, unknown>
        return consents ? all : { ...all, refresh_token: undefined }
      },
    },
  })
  apps.push(app)
  return app
}

async function logIn(app: TestApp, browser = new Browser()): Promise<Browser> {
  expect((await browser.follow(app.loginURL)).status).toBe(200)
  return browser
}

/** A row with a refresh token that works, as an application has it that keeps its tokens itself. */
async function row(): Promise<ImportedGrant> {
  const old = await startProcess(grantsIn(createMemoryStore()))
  await logIn(old)
  const { refreshToken = '' } = (await old.strategy.tokens(ADA)) ?? {}
  return { strategy: 'company', ...ADA, refreshToken, subject: 'ada' }
}

const refreshes = (): number => refreshesAt(provider)

describe('grants.import', () => {
  it('takes over refresh tokens that an application has, for jobs and requests, and only once', async () => {
    const rows = [await row()]
    const grants = grantsIn(store)
    const moved = await startProcess(grants)
    expect(await grants.import(rows)).toEqual(IMPORTED)
    const token = await moved.strategy.accessToken(ADA)
    expect(token).toMatch(/^[\w-]{20,}$/)
    expect(await grants.import(rows)).toEqual(KNOWN)
    expect(await moved.strategy.accessToken(ADA)).toBe(token)
    expect([refreshes(), provider.reused]).toEqual([1, []])
    await logIn(moved)
    expect(await moved.strategy.listGrants(ADA.account)).toHaveLength(1)
  })

  it('uses an access token that is known to be valid until it is due', async () => {
    const grants = grantsIn(store)
    const moved = await startProcess(grants)
    const accessToken = 'an access token of the table'
    const expiresAt = Date.now() + 600_000
    await grants.import([{ ...(await row()), accessToken, expiresAt }])
    expect(await moved.strategy.accessToken(ADA)).toBe(accessToken)
    advanceClock(500)
    expect(await moved.strategy.accessToken(ADA)).toBe(accessToken)
    expect(refreshes()).toBe(0)
    advanceClock(100)
    expect(await moved.strategy.accessToken(ADA)).not.toBe(accessToken)
    expect(refreshes()).toBe(1)
  })

  it.each<[string, Partial<ImportedGrant>]>([
    ['no access token', { expiresAt: Date.now() + 600_000 }],
    ['one that may have expired', { accessToken: 'an access token' }],
    ['one that has expired', { accessToken: 'an access token', expiresAt: Date.now() - 1000 }],
  ])('refreshes at the first use if the table has %s', async (_what, given) => {
    const grants = grantsIn(store)
    const moved = await startProcess(grants)
    await grants.import([{ ...(await row()), ...given }])
    expect(await moved.strategy.accessToken(ADA)).toMatch(/^[\w-]{20,}$/)
    expect(refreshes()).toBe(1)
  })

  it('says which row cannot be used, and why', async () => {
    const grants = grantsIn(store)
    await startProcess(grants)
    const good = { strategy: 'company', account: 1, refreshToken: 'r' }
    const refused = (given: object): Promise<unknown> =>
      grants.import([good, given as never]).then(
        () => 'imported',
        (error: unknown) => (error as Error).message,
      )
    expect(await refused({ ...good, account: '' })).toContain('account of grant number 2')
    expect(await refused({ ...good, refreshToken: undefined })).toContain('refreshToken of grant')
    expect(await refused({ ...good, refresh_token: 'r' })).toContain('refresh_token of grant')
    expect(await refused({ ...good, expiresAt: '2026' })).toContain('milliseconds since the epoch')
    expect(await refused({ ...good, strategy: 'other' })).toContain("There are: 'company'")
  })

  it('repairs a grant whose only login has brought no refresh token', async () => {
    const rows = [await row()]
    const grants = grantsIn(store)
    const moved = await startProcess(grants)
    consents = false
    await logIn(moved)
    expect((await moved.strategy.tokens(ADA))?.refreshToken).toBeUndefined()
    consents = true

    expect(await grants.import(rows)).toEqual(REPAIRED)
    advanceClock(HOUR)
    expect(await moved.strategy.accessToken(ADA)).toMatch(/^[\w-]{20,}$/)
    expect(await grants.import(rows)).toEqual(KNOWN)
    expect(await moved.strategy.accessToken(ADA)).toMatch(/^[\w-]{20,}$/)
    expect([refreshes(), provider.reused]).toEqual([1, []])
    expect(await moved.strategy.listGrants(ADA.account)).toHaveLength(1)
  })

  it('repairs a grant that was refused, unless it was that refresh token', async () => {
    const [first, second] = [await row(), await row()]
    const grants = grantsIn(store)
    const moved = await startProcess(grants)
    await grants.import([first])
    provider.fail('token', 'invalid_grant')
    await expect(moved.strategy.accessToken(ADA)).rejects.toMatchObject({
      code: 'ERR_LOGIN_REQUIRED',
    })
    expect(await grants.import([first])).toEqual(KNOWN)
    expect(await moved.strategy.listGrants(ADA.account)).toMatchObject([{ loginRequired: true }])

    expect(await grants.import([second])).toEqual(REPAIRED)
    expect(await moved.strategy.accessToken(ADA)).toMatch(/^[\w-]{20,}$/)
    expect(await moved.strategy.listGrants(ADA.account)).toMatchObject([{ loginRequired: false }])
    expect(await grants.import([first, second])).toEqual({ ...KNOWN, known: 2 })
  })

  it('repairs a grant whose refresh token has expired, and not with one that has', async () => {
    const [first, second] = [await row(), await row()]
    const grants = grantsIn(store)
    const moved = await startProcess(grants)
    const past = Date.now() - 1000
    await grants.import([{ ...first, refreshTokenExpiresAt: past }])
    expect(await grants.import([{ ...second, refreshTokenExpiresAt: past }])).toEqual(KNOWN)
    expect(await grants.import([second])).toEqual(REPAIRED)
    expect(await moved.strategy.accessToken(ADA)).toMatch(/^[\w-]{20,}$/)
  })

  it('repairs a grant once, whoever else imports at the same time', async () => {
    const rows = [await row()]
    const first = await startProcess()
    consents = false
    await logIn(first)
    consents = true
    const [one, two] = [grantsIn(store), grantsIn(store)]
    const moved = [await startProcess(one), await startProcess(two)]
    const done = await Promise.all([one.import(rows), two.import(rows)])
    expect(done).toEqual(expect.arrayContaining([KNOWN, REPAIRED]))
    advanceClock(HOUR)
    await Promise.all(moved.map(({ strategy }) => strategy.accessToken(ADA)))
    expect([refreshes(), provider.reused]).toEqual([1, []])
  })

  it('leaves a grant that has ended as it is, as long as its end is remembered', async () => {
    const [first, second] = [await row(), await row()]
    const grants = grantsIn(store)
    const moved = await startProcess(grants)
    await grants.import([first])
    expect(await grants.eraseAccount(ADA.account)).toBe(1)
    expect(await grants.import([first, second])).toEqual({ ...KNOWN, known: 2 })
    expect(await moved.strategy.tokens(ADA)).toBeUndefined()
    expect(await store.linked('account/company/account-of-ada', 9)).toEqual([])

    advanceClock(TOMBSTONE_MS / 1000)
    expect(await grants.import([second])).toEqual(IMPORTED)
    expect(await moved.strategy.accessToken(ADA)).toMatch(/^[\w-]{20,}$/)
  })
})
