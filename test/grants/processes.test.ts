import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import type { GrantEngine } from '../../src/grants/engine.js'
import { partsOf } from '../../src/grants/grants.js'
import type { Grants } from '../../src/grants/grants.js'
import { PostgresGrants } from '../../src/grants/postgres-grants.js'
import { RedisGrants } from '../../src/grants/redis-grants.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { startGrantProcess } from '../support/grant-process.js'
import type { Answer, GrantProcess } from '../support/grant-process.js'
import { startPostgresProcess } from '../support/postgres-process.js'
import { startRedis } from '../support/redis.js'
import { describeWithPostgres, describeWithRedis } from '../support/requirements.js'
import { startRotatingTokenServer } from '../support/rotating-token-server.js'
import type { RotatingTokenServer, ServedLogin } from '../support/rotating-token-server.js'
import { until } from '../support/until.js'

const HOUR_MS = 3_600_000
const STORE_TIMEOUT_MS = 2_000
const STRATEGY = 'the strategy'

/** A server that has the grants of several processes. */
interface SharedStore {
  readonly url: string
  /** Grants of this process in it. */
  connect(): Promise<Grants>
  kill(): Promise<void>
  restart(): Promise<void>
  pause(): void | Promise<void>
  resume(): void | Promise<void>
  stop(): Promise<void>
}

describeWithRedis('processes that share grants in Redis', () => {
  describeProcesses(async () => {
    const redis = await startRedis()
    return {
      ...redis,
      connect: async () => new RedisGrants({ client: await redis.connect(), secret: GRANT_SECRET }),
    }
  })
})

describeWithPostgres('processes that share grants in PostgreSQL', (postgres) => {
  describeProcesses(async () => {
    const server = await startPostgresProcess(postgres)
    return {
      ...server,
      stop: () => server.close(),
      async connect() {
        const grants = new PostgresGrants({ pool: server.connect(), secret: GRANT_SECRET })
        await grants.setUp()
        return grants
      },
    }
  })
})

function describeProcesses(startStore: () => Promise<SharedStore>): void {
  let store: SharedStore
  let provider: RotatingTokenServer
  let processes: [GrantProcess, GrantProcess, GrantProcess, GrantProcess]
  let engine: GrantEngine

  /** Starts a process; their clocks are hours apart. */
  const start = (clockSkewMs: number): Promise<GrantProcess> =>
    startGrantProcess({
      storeURL: store.url,
      tokenURL: provider.tokenURL,
      secret: GRANT_SECRET,
      strategy: STRATEGY,
      storeTimeoutMs: STORE_TIMEOUT_MS,
      clockSkewMs,
    })

  beforeAll(async () => {
    store = await startStore()
    provider = await startRotatingTokenServer()
    processes = await Promise.all([start(0), start(HOUR_MS), start(-HOUR_MS), start(0)])
    engine = partsOf(await store.connect()).engine
  })
  beforeEach(() => provider.act('renew'))
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.kill()))
    await provider.close()
    await store.stop()
  })

  async function logIn(): Promise<ServedLogin> {
    const login = provider.logIn()
    const { grant, first: tokens } = login
    await engine.begin(grant, {
      strategy: STRATEGY,
      tokens,
      lifetimeMs: HOUR_MS,
      of: { names: [] },
    })
    return login
  }

  /** Callers in all of `chosen` ask at once for another token than this one. */
  async function askIn(
    chosen: readonly GrantProcess[],
    { grant, first }: ServedLogin,
    { times = 1, refused = first.accessToken } = {},
  ): Promise<Answer[]> {
    return (await Promise.all(chosen.map((one) => one.ask({ grant, refused, times })))).flat()
  }

  /** The one token that all have got. */
  function tokenIn(answers: readonly Answer[]): string {
    expect(answers.map(({ failure }) => failure).filter((one) => one !== undefined)).toEqual([])
    const [token, ...others] = new Set(answers.map(({ accessToken }) => accessToken))
    expect(others).toEqual([])
    return token ?? ''
  }

  /** Two more renewals work, which they would not if a refresh token had been used twice. */
  async function expectToLive(login: ServedLogin, refused: string): Promise<void> {
    const next = tokenIn(await askIn(processes.slice(0, 2), login, { refused }))
    const last = tokenIn(await askIn(processes.slice(2), login, { refused: next }))
    expect(new Set([refused, next, last]).size).toBe(3)
    expect(login.isRevoked).toBe(false)
  }

  it.each([
    [2, 25],
    [4, 13],
  ])(
    'send one refresh for a stampede over %d of them, with clocks an hour apart',
    async (count, times) => {
      const login = await logIn()
      const answers = await askIn(processes.slice(0, count), login, { times })
      expect(answers.length).toBeGreaterThanOrEqual(50)
      const token = tokenIn(answers)
      expect(login.asked).toHaveLength(1)
      await expectToLive(login, token)
      expect(new Set(login.asked).size).toBe(3)
    },
  )

  it('send one refresh for each of many logins at once', async () => {
    const logins = await Promise.all(Array.from({ length: 25 }, logIn))
    const answers = await Promise.all(logins.map((login) => askIn(processes, login, { times: 2 })))
    for (const [at, login] of logins.entries()) {
      expect(tokenIn(answers[at] ?? [])).toBe(login.first.accessToken.replace(/1$/, '2'))
      expect(login.asked).toHaveLength(1)
    }
  })

  it('all get the same failure of the provider, for one request', async () => {
    const login = await logIn()
    provider.act('fail')
    const failure = {
      name: 'TokenEndpointError',
      code: 'ERR_TOKEN_ENDPOINT',
      status: 503,
      message: 'The token endpoint refused.',
      httpStatus: 503,
      error: 'temporarily_unavailable',
      errorDescription: 'Soon again.',
    }
    // A pause counts by the writer's clock too: only where clocks agree, more or less, does it hold everywhere.
    const [one, , , other] = processes
    const answers = await askIn([one, other], login, { times: 10 })
    expect(answers).toEqual(Array.from({ length: 20 }, () => ({ failure })))
    expect(login.asked).toHaveLength(1)

    provider.act('renew')
    const renewed: Answer[] = []
    await until(async () => {
      renewed.splice(0, renewed.length, ...(await askIn([one, other], login)))
      return renewed.every((one) => one.failure === undefined)
    })
    tokenIn(renewed)
    expect(login.asked).toHaveLength(2)
  })

  it('take over from one that is killed before the provider has done anything', async () => {
    const login = await logIn()
    const victim = await start(0)
    provider.act('ignore')
    const held = provider.hold()
    void askIn([victim], login)
    await held.arrived
    const waiting = askIn(processes, login, { times: 5 })
    await victim.kill()
    held.release()
    provider.act('renew')
    const token = tokenIn(await waiting)
    // The killed one's request, which came to nothing, and one more.
    expect(login.asked).toHaveLength(2)
    expect(login.isRevoked).toBe(false)
    await expectToLive(login, token)
  })

  it('ask to log in when the answer has died with the process that had asked', async () => {
    const login = await logIn()
    const victim = await start(0)
    const held = provider.hold()
    void askIn([victim], login)
    await held.arrived
    await victim.kill()
    held.release()
    for (const { failure } of await askIn(processes, login, { times: 5 })) {
      expect(failure).toMatchObject({ code: 'ERR_LOGIN_REQUIRED' })
    }
    expect(login.asked).toHaveLength(2)
  })

  it('lose no renewal when the store is killed in the middle of it and comes back', async () => {
    const login = await logIn()
    const held = provider.hold()
    const renewing = askIn([processes[0]], login, { times: 5 })
    await held.arrived
    await store.kill()
    held.release()
    const token = tokenIn(await renewing)
    await store.restart()
    const answers: Answer[] = []
    await until(async () => {
      answers.splice(0, answers.length, ...(await askIn(processes, login, { times: 5 })))
      return answers.every(({ failure }) => failure === undefined)
    })
    expect(tokenIn(answers)).toBe(token)
    expect(login.asked).toHaveLength(1)
    await expectToLive(login, token)
  })

  it('keep what was renewed before the store was killed', async () => {
    const login = await logIn()
    const token = tokenIn(await askIn(processes, login))
    await store.restart()
    const answers: Answer[] = []
    await until(async () => {
      answers.splice(0, answers.length, ...(await askIn(processes, login)))
      return answers.every(({ failure }) => failure === undefined)
    })
    expect(tokenIn(answers)).toBe(token)
    expect(login.asked).toHaveLength(1)
  })

  it('fail in time while the store does not answer, and go on when it does', async () => {
    const login = await logIn()
    await store.pause()
    const startedAt = performance.now()
    const answers = await askIn(processes, login, { times: 5 })
    const tookMs = performance.now() - startedAt
    await store.resume()
    expect(answers).toHaveLength(20)
    for (const { failure } of answers) {
      expect(failure).toMatchObject({ name: 'StorageError', code: 'ERR_STORAGE', status: 503 })
    }
    expect(tookMs).toBeGreaterThan(STORE_TIMEOUT_MS - 10)
    expect(tookMs).toBeLessThan(4 * STORE_TIMEOUT_MS)
    expect(login.asked).toEqual([])

    const token = tokenIn(await askIn(processes, login, { times: 5 }))
    expect(login.asked).toHaveLength(1)
    await expectToLive(login, token)
  })
}
