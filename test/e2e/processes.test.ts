import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { startAppProcess } from '../support/app-processes.js'
import type { AppProcess } from '../support/app-processes.js'
import { createGate } from '../support/gate.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, ONE_LOGIN } from '../support/login.js'
import { startRedisServer } from '../support/redis-server.js'
import type { RedisServer } from '../support/redis-server.js'
import { describeWithRedis } from '../support/requirements.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import type { RotatingProvider } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'
import { until } from '../support/until.js'

const HOUR = 3600
const ONE_REFRESH: readonly string[] = ['POST /token']
const STARTING_MS = 30_000

const scene = setScene()

describeWithRedis('an application of several processes, sessions and grants in Redis', (server) => {
  let redis: RedisServer
  let processes: AppProcess[]
  let provider: ScriptedProvider
  let rotating: RotatingProvider
  let browser: Browser
  let onArrival: () => void

  beforeAll(async () => {
    redis = await startRedisServer(server)
    const options = {
      redisSocket: redis.socketPath,
      provider: scene.provider.origin,
      onArrival: () => onArrival(),
    }
    processes = await Promise.all(Array.from({ length: 4 }, () => startAppProcess(options)))
  }, STARTING_MS)
  beforeEach(async () => {
    ;({ provider } = scene)
    rotating = rotateRefreshTokens(provider)
    browser = new Browser()
    onArrival = () => undefined
    await redis.client.flushAll()
    await setClocks(0)
  })
  afterEach(() => setClocks(0))
  afterAll(async () => {
    await Promise.all(processes.map((one) => one.stop()))
    await redis.stop()
  })

  /** The first processes, as many as the test wants. */
  function first(count: number): [AppProcess, ...AppProcess[]] {
    const [one, ...others] = processes.slice(0, count)
    if (one === undefined) throw new Error('no process')
    return [one, ...others]
  }

  function setClocks(seconds: number): Promise<unknown> {
    return Promise.all(
      processes.map(({ origin }) =>
        new Browser().request(`${origin}/clock?seconds=${seconds}`, { method: 'POST' }),
      ),
    )
  }

  /** Starts a login in one process and gives its callback at each of them. */
  async function startLogin(): Promise<string[]> {
    const [one] = first(1)
    const { location = '' } = await browser.visit(`${one.origin}/auth/login`)
    const { location: callback = '' } = await browser.visit(location)
    shareCookies(one)
    return processes.map(({ origin }) => `${origin}/auth/callback${new URL(callback).search}`)
  }

  async function logIn(): Promise<void> {
    const [callback = ''] = await startLogin()
    expect((await browser.visit(callback)).status).toBe(302)
    shareCookies(first(1)[0])
    expect(asked(provider)).toEqual(ONE_LOGIN)
    provider.requests.length = 0
  }

  /** The provider answers refreshes when so many requests have asked for a token. */
  function answerWhenAsked(requests: number): void {
    const everybody = createGate()
    let missing = requests
    onArrival = () => {
      missing -= 1
      if (missing === 0) everybody.open()
    }
    rotating.beforeAnswer = everybody.pass
  }

  /** The processes have one host in real life; here each has a port of its own. */
  function shareCookies(from: AppProcess): void {
    for (const [name, value] of browser.cookies(from.origin)) {
      for (const { origin } of processes) browser.setCookie(origin, name, value)
    }
  }

  async function tokenOf({ origin }: AppProcess): Promise<unknown> {
    const page = await browser.visit(`${origin}/token`)
    expect(page.status).toBe(200)
    return bodyOf(page)['accessToken']
  }

  /** How many commands Redis has got, except those that ask for this number. */
  async function commandsSoFar(): Promise<number> {
    const lines = (await redis.client.info('commandstats')).split('\n')
    const counts = lines.filter((line) => !line.startsWith('cmdstat_info'))
    return counts.reduce((sum, line) => sum + Number(/calls=(\d+)/.exec(line)?.[1] ?? 0), 0)
  }

  async function expectLoginAlive(hoursPassed: number): Promise<void> {
    for (const [index, one] of processes.entries()) {
      provider.requests.length = 0
      await setClocks((hoursPassed + index + 1) * HOUR)
      const token = await tokenOf(one)
      expect(asked(provider)).toEqual(ONE_REFRESH)
      for (const other of processes) expect(await tokenOf(other)).toBe(token)
      expect(asked(provider)).toEqual(ONE_REFRESH)
    }
    expect(rotating.reused).toEqual([])
  }

  it.each([1, 2, 4])(
    'renews an expired token once for fifty requests at once to %d of them [process-1]',
    async (count) => {
      await logIn()
      await setClocks(HOUR)
      answerWhenAsked(50)
      const asked50 = Array.from({ length: 50 }, (_value, index) =>
        browser.visit(`${first(count)[index % count]?.origin ?? ''}/token`),
      )
      const answers = (await Promise.all(asked50)).map(({ status, text }) => `${status} ${text}`)

      expect(new Set(answers)).toEqual(new Set(['200 {"accessToken":"access-token-2-of-ada"}']))
      expect(asked(provider)).toEqual(ONE_REFRESH)
      onArrival = () => undefined
      await expectLoginAlive(1)
    },
  )

  it('renews in the background once for all of them', async () => {
    rotating.response = { expires_in: 2 * HOUR }
    await logIn()
    await setClocks(2 * HOUR - 30)
    const gate = createGate()
    rotating.beforeAnswer = gate.pass
    rotating.response = {}
    for (const one of processes) expect(await tokenOf(one)).toMatch(/^access-token-[12]-of-ada$/)
    await gate.reached
    gate.open()
    await setClocks(2 * HOUR)
    for (const one of processes) expect(await tokenOf(one)).toBe('access-token-2-of-ada')
    expect(asked(provider)).toEqual(ONE_REFRESH)
    await expectLoginAlive(2)
  })

  it('asks once when the provider says for all of them that the grant has ended', async () => {
    await logIn()
    rotating.endGrants()
    await setClocks(HOUR)
    answerWhenAsked(20)
    const pages = await Promise.all(
      Array.from({ length: 20 }, (_value, index) =>
        browser.visit(`${processes[index % 4]?.origin ?? ''}/token`),
      ),
    )
    expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([401]))
    expect(asked(provider)).toEqual(ONE_REFRESH)
  })

  it('sends a code once when its callback comes to all of them at once [process-2]', async () => {
    const callbacks = await startLogin()
    const browsers = callbacks.map((callback) => {
      const one = new Browser()
      for (const [name, value] of browser.cookies(new URL(callback).origin)) {
        one.setCookie(new URL(callback).origin, name, value)
      }
      return one.visit(callback)
    })
    const statuses = (await Promise.all(browsers)).map(({ status }) => status)
    expect(statuses).toContain(302)
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it.each([
    ['is logged in by it', json(tokenResponse()), 302, '/', ONE_LOGIN],
    ['fails as it does', json({ error: 'invalid_grant' }, 400), 400, undefined, ['POST /token']],
  ] as const)(
    'a callback that comes to another one during a slow exchange waits for the first, and %s',
    async (_what, script, status, path, requests) => {
      const [one = '', two = ''] = await startLogin()
      const gate = createGate()
      provider.onProfile(json({ sub: 'ada', name: 'Ada Lovelace' }))
      provider.onToken((request, response) => {
        void gate.pass().then(() => script(request, response))
      })
      const first = browser.visit(one)
      await gate.reached
      const before = await commandsSoFar()
      const second = browser.visit(two)
      // Its session, its claim, and a few looks.
      await until(async () => (await commandsSoFar()) > before + 6)
      gate.open()

      for (const page of await Promise.all([first, second])) {
        expect(page.status).toBe(status)
        expect(page.location && new URL(page.location).pathname).toBe(path)
      }
      const user = bodyOf(await browser.visit(new URL('/', two).href))['user']
      expect((user as { id?: string } | null)?.id).toBe(status === 302 ? 'ada' : undefined)
      expect(asked(provider).filter((what) => what === 'POST /token')).toEqual(['POST /token'])
      expect(asked(provider)).toEqual(requests)
    },
  )

  it('revokes what a refresh in one brings after a logout in another', async () => {
    const [one, other] = first(2)
    await logIn()
    await setClocks(HOUR)
    const gate = createGate()
    rotating.beforeAnswer = gate.pass
    const refreshing = browser.visit(`${one.origin}/token`)
    await gate.reached
    const logout = await browser.post(`${other?.origin ?? ''}/auth/logout`)
    expect(logout.status).toBe(303)
    const all = new Promise<void>((resolve) => {
      rotating.beforeRevoked = () => {
        if (rotating.revocations.length === 2) resolve()
        return Promise.resolve()
      }
    })
    gate.open()

    expect((await refreshing).status).toBe(401)
    await all
    expect(rotating.revocations.map(({ token }) => token).sort()).toEqual([
      'refresh-token-1-of-ada',
      'refresh-token-2-of-ada',
    ])
    expect(asked(provider)).toEqual([...ONE_REFRESH, ...Array<string>(2).fill('POST /revoke')])
    for (const { origin } of processes) {
      expect(bodyOf(await browser.visit(`${origin}/`))).toEqual({ user: null })
    }
  })

  describe('one of which is new', () => {
    it(
      'finds the logins and their tokens',
      async () => {
        await logIn()
        await setClocks(HOUR)
        expect(await tokenOf(first(1)[0])).toBe('access-token-2-of-ada')
        const fresh = await startAppProcess({
          redisSocket: redis.socketPath,
          provider: provider.origin,
          onArrival: () => undefined,
        })
        for (const [name, value] of browser.cookies(first(1)[0].origin)) {
          browser.setCookie(fresh.origin, name, value)
        }
        expect(await tokenOf(fresh)).toBe('access-token-2-of-ada')
        expect(asked(provider)).toEqual(ONE_REFRESH)
        await fresh.stop()
      },
      STARTING_MS,
    )
  })
})
