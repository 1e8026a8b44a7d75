import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { startLedgerProcess } from '../support/ledger-process.js'
import type { Answer, LedgerProcess } from '../support/ledger-process.js'
import { startRedis } from '../support/redis.js'
import type { RedisServer } from '../support/redis.js'
import { describeWithRedis } from '../support/requirements.js'
import { startRotatingTokenServer } from '../support/rotating-token-server.js'
import type { RotatingTokenServer, ServedLogin } from '../support/rotating-token-server.js'
import { until } from '../support/until.js'
import type { GrantState, RenewalLimits } from '../../src/options/ledger.js'

/** No slow machine lets one run out under a living process. */
const LIMITS: RenewalLimits = { leaseMs: 20_000, keepMs: 60_000 }
/** For a process that is killed in it, so that others need not wait long. */
const SHORT: RenewalLimits = { ...LIMITS, leaseMs: 2_000 }
const COMMAND_TIMEOUT_MS = 2_000
const HOUR_MS = 3_600_000

describeWithRedis('processes that share a Redis', () => {
  let redis: RedisServer
  let provider: RotatingTokenServer
  let processes: [LedgerProcess, LedgerProcess, LedgerProcess, LedgerProcess]

  /** Starts a process; their clocks are hours apart. */
  const start = (clockSkewMs: number): Promise<LedgerProcess> =>
    startLedgerProcess({
      redisURL: redis.url,
      tokenURL: provider.tokenURL,
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
      clockSkewMs,
    })

  beforeAll(async () => {
    redis = await startRedis()
    provider = await startRotatingTokenServer()
    processes = await Promise.all([start(0), start(HOUR_MS), start(-HOUR_MS), start(0)])
  })
  beforeEach(() => provider.act('renew'))
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.kill()))
    await provider.close()
    await redis.stop()
  })

  /** Has callers renew in all of `chosen`, all at once. */
  async function renewIn(
    chosen: readonly LedgerProcess[],
    { grant, first }: ServedLogin,
    { times = 1, current = first, limits = LIMITS } = {},
  ): Promise<Answer[]> {
    const answers = chosen.map((process) => process.renew({ grant, current, limits, times }))
    return (await Promise.all(answers)).flat()
  }

  /** The one state that all have got. */
  function stateIn(answers: readonly Answer[]): GrantState {
    const states = answers.map(({ renewal, failure }) => {
      expect(failure).toBeUndefined()
      return renewal !== undefined && 'state' in renewal ? renewal.state : undefined
    })
    const [state] = states
    expect(new Set(states.map((one) => JSON.stringify(one))).size).toBe(1)
    if (state === undefined) throw new Error('The login has ended')
    return state
  }

  /** The login goes on: another renewal works, which it would not if a refresh token had been used twice. */
  async function expectToLive(login: ServedLogin, current: GrantState): Promise<void> {
    const next = stateIn(await renewIn(processes.slice(0, 2), login, { current }))
    expect(next.version).toBe(current.version + 1)
    expect(login.isRevoked).toBe(false)
    expect(new Set(login.asked).size).toBe(login.asked.length)
  }

  it.each([
    [2, 25],
    [4, 13],
  ])(
    'make one request for a stampede over %d of them, with clocks an hour apart',
    async (count, times) => {
      const login = provider.logIn()
      const answers = await renewIn(processes.slice(0, count), login, { times })
      expect(answers.length).toBeGreaterThanOrEqual(50)
      const state = stateIn(answers)
      expect(state.version).toBe(2)
      expect(login.asked).toHaveLength(1)
      await expectToLive(login, state)
      expect(login.asked).toHaveLength(2)
    },
  )

  it('make one request for each of many logins at once', async () => {
    const logins = Array.from({ length: 25 }, () => provider.logIn())
    const answers = await Promise.all(
      logins.map((login) => renewIn(processes, login, { times: 2 })),
    )
    for (const [at, login] of logins.entries()) {
      const { tokens } = stateIn(answers[at] ?? [])
      expect(tokens.accessToken).toBe(login.first.tokens.accessToken.replace(/1$/, '2'))
      expect(login.asked).toHaveLength(1)
    }
  })

  it('all get the same failure of the provider, for one request', async () => {
    const login = provider.logIn()
    provider.act('fail')
    const held = provider.hold()
    const looksBefore = await looksSoFar()
    const renewals = renewIn(processes, login, { times: 5 })
    await held.arrived
    // Each has looked, so that three of them know for whom they wait.
    await until(async () => (await looksSoFar()) >= looksBefore + 4)
    held.release()
    for (const { failure } of await renewals) {
      expect(failure).toEqual({
        name: 'TokenEndpointError',
        code: 'ERR_TOKEN_ENDPOINT',
        status: 503,
        message: 'The token endpoint refused.',
        phase: 'refresh',
        httpStatus: 503,
        error: 'temporarily_unavailable',
        errorDescription: 'Soon again.',
      })
    }
    expect(login.asked).toHaveLength(1)

    provider.act('renew')
    const state = stateIn(await renewIn(processes, login))
    expect(state.version).toBe(2)
  })

  it('take over from one that is killed before the provider has done anything', async () => {
    const login = provider.logIn()
    const victim = await start(0)
    provider.act('ignore')
    const held = provider.hold()
    void renewIn([victim], login, { limits: SHORT })
    await held.arrived
    const waiting = renewIn(processes, login, { times: 5 })
    await victim.kill()
    held.release()
    provider.act('renew')
    const state = stateIn(await waiting)
    expect(state.version).toBe(2)
    // The killed one's request, which came to nothing, and one more.
    expect(login.asked).toHaveLength(2)
    expect(login.isRevoked).toBe(false)
    const next = stateIn(await renewIn(processes, login, { current: state }))
    expect(next.version).toBe(3)
  })

  it('end a login whose renewal has died with the process that had it', async () => {
    const login = provider.logIn()
    const victim = await start(0)
    const held = provider.hold()
    void renewIn([victim], login, { limits: SHORT })
    await held.arrived
    await victim.kill()
    held.release()
    for (const { renewal } of await renewIn(processes, login, { times: 5 })) {
      expect(renewal).toEqual({ outcome: 'ended' })
    }
    expect(login.asked).toHaveLength(2)
  })

  it('lose no renewal when Redis is killed in the middle of it and comes back', async () => {
    const login = provider.logIn()
    const held = provider.hold()
    const renewing = renewIn([processes[0]], login, { times: 5 })
    await held.arrived
    await redis.kill()
    held.release()
    const state = stateIn(await renewing)
    await redis.restart()
    const answers: Answer[] = []
    await until(async () => {
      answers.splice(0, answers.length, ...(await renewIn(processes, login, { times: 5 })))
      return answers.every(({ failure }) => failure === undefined)
    })
    expect(stateIn(answers)).toEqual(state)
    expect(login.asked).toHaveLength(1)
    await expectToLive(login, state)
  })

  it('keep what was renewed before Redis was killed', async () => {
    const login = provider.logIn()
    const state = stateIn(await renewIn(processes, login))
    await redis.restart()
    const answers: Answer[] = []
    await until(async () => {
      answers.splice(0, answers.length, ...(await renewIn(processes, login)))
      return answers.every(({ failure }) => failure === undefined)
    })
    expect(stateIn(answers)).toEqual(state)
    expect(login.asked).toHaveLength(1)
  })

  it('fail in time while Redis does not answer, and go on when it does', async () => {
    const login = provider.logIn()
    redis.pause()
    const startedAt = performance.now()
    const answers = await renewIn(processes, login, { times: 5 })
    const tookMs = performance.now() - startedAt
    redis.resume()
    expect(answers).toHaveLength(20)
    for (const { failure } of answers) {
      expect(failure).toMatchObject({ name: 'StorageError', code: 'ERR_STORAGE', status: 503 })
    }
    expect(tookMs).toBeGreaterThan(COMMAND_TIMEOUT_MS - 10)
    expect(tookMs).toBeLessThan(2 * COMMAND_TIMEOUT_MS)
    expect(login.asked).toEqual([])

    const resumedAt = performance.now()
    const state = stateIn(await renewIn(processes, login, { times: 5 }))
    // The turn that somebody was given meanwhile, without hearing of it, holds nobody up.
    expect(performance.now() - resumedAt).toBeLessThan(LIMITS.leaseMs / 2)
    expect(login.asked).toHaveLength(1)
    await expectToLive(login, state)
  })

  /** How many scripts Redis has run. */
  async function looksSoFar(): Promise<number> {
    const client = await redis.connect()
    const [, calls = '0'] = /cmdstat_eval:calls=(\d+)/.exec(await client.info('commandstats')) ?? []
    client.destroy()
    return Number(calls)
  }
})
