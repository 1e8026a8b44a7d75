import { beforeEach, describe, expect, it } from '@jest/globals'
import { LoginRequiredError, TokenEndpointError } from '../../src/errors/errors.js'
import type { Ask, ServedLine } from '../../src/grants/ask.js'
import type { Line } from '../../src/grants/grant-record.js'
import type { RefreshWays } from '../../src/grants/refresh-ways.js'
import { useRequestOf } from '../../src/grants/uses.js'
import * as engine from './simulation/engine.js'
import { createScene } from './simulation/scene.js'
import type { Node, Scene, SceneSettings } from './simulation/scene.js'

const GRANT = 'g'
const CALENDAR = 'https://calendar.example'
const MAIL = 'https://mail.example'

let scene: Scene
/** What was asked for, of each refresh. `undefined`: the line's own access token. */
let asked: (Readonly<Record<string, unknown>> | undefined)[]
/** What the provider refuses, by the API that is asked for, with which code. */
let refused: Record<string, string>

/** So many processes and one login, which is a few seconds old. Access tokens live for a minute. */
async function start(count: number, settings: Partial<SceneSettings> = {}): Promise<void> {
  scene = createScene(engine, settings)
  for (let index = 0; index < count; index++) scene.start()
  const login = scene.logIn(node(0), GRANT)
  await pass(5_000)
  expect(await login).toBe(true)
}

beforeEach(() => {
  asked = []
  refused = {}
})

function node(index: number): Node {
  const found = scene.nodes[index]
  if (found === undefined) throw new Error(`There is no process ${index}.`)
  return found
}

function pass(ms: number): Promise<void> {
  return scene.timeline.runUntil(scene.timeline.time() + ms)
}

/** The provider of the scene, which refuses what it is told to refuse. */
function waysOf({ ways }: Node): RefreshWays {
  return {
    ...ways,
    async refresh(tokens, control) {
      const { parameters } = control
      const code = refused[String(parameters?.['resource'] ?? parameters?.['scope'])]
      if (code !== undefined) {
        control.beforeWrite()
        asked.push(parameters)
        throw new TokenEndpointError('The token endpoint has refused.', {
          phase: 'refresh',
          httpStatus: code === 'overloaded' ? 503 : 400,
          ...(code !== 'overloaded' && { error: code }),
        })
      }
      const answer = await ways.refresh(tokens, control)
      asked.push(parameters)
      return answer
    },
  }
}

/** Asks in a process. The outcome is what exists after so many **milliseconds**. */
async function ask(index: number, how: Ask = {}, forMs = 2_000): Promise<string | undefined> {
  let found: string | undefined
  void outcome(index, how).then((name) => {
    found = name
  })
  await pass(forMs)
  return found
}

/** Asks several times at once, each in its process. */
async function askAll(
  asks: readonly (readonly [process: number, how: Ask])[],
  forMs = 5_000,
): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = asks.map(() => undefined)
  asks.forEach(([process, how], index) => {
    void outcome(process, how).then((name) => {
      found[index] = name
    })
  })
  await pass(forMs)
  return found
}

async function outcome(index: number, how: Ask): Promise<string> {
  const one = node(index)
  try {
    return (await one.engine.freshLine(GRANT, waysOf(one), how)).served.accessToken
  } catch (error) {
    if (error instanceof LoginRequiredError) return `log in: ${error.reason}`
    if (error instanceof TokenEndpointError) return `provider: ${error.error ?? error.httpStatus}`
    return String(error)
  }
}

const calendar: Ask = { use: { resource: [CALENDAR] } }
const mail: Ask = { use: { resource: [MAIL] } }

function lineInStore(): Line {
  const [line] = scene.store.present(GRANT)?.lines ?? []
  if (line === undefined) throw new Error('There is no line.')
  return line
}

/** That no refresh token was sent twice, whatever it was sent for. */
function expectEachTokenOnce(faults: readonly unknown[] = []): void {
  const sent = scene.provider.requests.map(({ family, token }) => `${family.name}.${token}`)
  expect(new Set(sent).size).toBe(sent.length)
  expect(scene.oracle.faults).toEqual(faults)
  expect(scene.provider.families.filter(({ ended }) => ended !== undefined)).toEqual([])
}

describe('an access token for a use', () => {
  it('is obtained with the refresh token of the line, and then served by every process', async () => {
    await start(2)
    expect(await ask(0, calendar)).toBe('a.g0.1')
    await pass(10_000)
    expect(await ask(1, calendar)).toBe('a.g0.1')
    expect(await ask(1)).toBe('a.g0.0')
    expect(asked).toEqual([{ resource: [CALENDAR] }])
    expect(lineInStore().tokens.refreshToken).toBe('r.g0.1')
    expectEachTokenOnce()
  })

  it('is shared by all ways to write the same use', async () => {
    await start(1)
    const first = await ask(0, { use: { scope: ['b', 'a'], resource: [MAIL, CALENDAR] } })
    const use = { scope: ['a', 'b', 'a'], resource: [CALENDAR, MAIL] }
    expect(await ask(0, { use })).toBe(first)
    expect(asked).toEqual([{ scope: 'a b', resource: [CALENDAR, MAIL] }])
  })

  it('joins scopes as the strategy does', async () => {
    await start(1)
    const ways = { ...waysOf(node(0)), scopeSeparator: ',' }
    void node(0).engine.freshLine(GRANT, ways, { use: { scope: ['b', 'a'] } })
    await pass(2_000)
    expect(asked).toEqual([{ scope: 'a,b' }])
  })

  it('is the own token of the line if nothing is asked for', async () => {
    await start(1)
    expect(await ask(0, { use: {} })).toBe('a.g0.0')
    expect(await ask(0, { use: { scope: [], resource: [] } })).toBe('a.g0.0')
    expect(asked).toEqual([])
  })

  it('is renewed in its turn with others, each once over all callers and processes', async () => {
    await start(2, { cacheMs: 0 })
    const uses: Ask[] = [{}, calendar, mail, { use: { scope: ['a'] } }]
    const everybody = uses.flatMap((how) =>
      Array.from({ length: 20 }, (_, index) => [index % 2, how] as const),
    )
    for (let expiry = 0; expiry < 5; expiry++) {
      asked = []
      const tokens = await askAll(everybody, 10_000)
      expect(new Set(tokens).size).toBe(4)
      expect(tokens).not.toContain(undefined)
      expect(tokens.filter((token) => !token?.startsWith('a.g0.'))).toEqual([])
      expect(asked).toHaveLength(expiry === 0 ? 3 : 4)
      expect(new Set(asked.map((one) => JSON.stringify(one))).size).toBe(asked.length)
      await pass(70_000)
    }
    expectEachTokenOnce()
  })

  it('is renewed in the background while it is valid', async () => {
    await start(1)
    const both = [
      [0, calendar],
      [0, mail],
    ] as const
    await askAll(both)
    await pass(38_000)
    asked = []
    const before = await askAll(both, 1_500)
    // While one of them is renewed, nobody waits for the other: its turn comes with a later request.
    await askAll(both, 1_500)
    const after = await askAll(both, 50)
    expect(asked).toHaveLength(2)
    expect([before.includes(undefined), after.includes(undefined)]).toEqual([false, false])
    expect(new Set([...before, ...after]).size).toBe(4)
    expectEachTokenOnce()
  })

  it('is replaced if an API has refused it, and nothing else is', async () => {
    await start(2)
    const token = await ask(0, calendar)
    const other = await ask(0, mail)
    asked = []
    const answers = await askAll([
      [0, { ...calendar, refused: token }],
      [1, { ...calendar, refused: token }],
    ])
    expect(new Set(answers).size).toBe(1)
    expect(answers).not.toContain(token)
    expect(asked).toEqual([{ resource: [CALENDAR] }])
    expect(await ask(0, { ...mail, refused: token })).toBe(other)
    expect(await ask(0, { refused: token })).toBe('a.g0.0')
    expect(asked).toHaveLength(1)
    expectEachTokenOnce()
  })

  it('is kept for sixteen uses; the one that was obtained first is dropped', async () => {
    await start(1, { lifeMs: 10 * 60_000 })
    const useOf = (index: number): Ask => ({ use: { scope: [`s${index}`] } })
    for (let index = 0; index < 17; index++) await ask(0, useOf(index))
    expect(lineInStore().uses).toHaveLength(16)
    asked = []
    await ask(0, useOf(16))
    await ask(0, useOf(1))
    expect(asked).toEqual([])
    await ask(0, useOf(0))
    expect(asked).toEqual([{ scope: 's0' }])
    expect(lineInStore().uses?.map(({ key }) => key)).not.toContain(
      useRequestOf({ scope: ['s1'] })?.key,
    )
    expectEachTokenOnce()
  })
})

describe('a process that dies', () => {
  it('between its mark and the request for a use delays the others by one lease', async () => {
    await start(2, { cacheMs: 0 })
    const first = await ask(1, mail)
    scene.provider.weather.signingMs = () => 3_000
    await ask(0, calendar, 1_000)
    expect(scene.store.present(GRANT)?.mark).toBeDefined()
    scene.kill(node(0))
    scene.provider.weather.signingMs = () => 1
    // What is valid needs no refresh; what is not waits until the process counts as dead.
    const answers = await askAll(
      [
        [1, calendar],
        [1, mail],
        [1, {}],
      ],
      9_000,
    )
    expect(answers).toEqual([undefined, first, 'a.g0.0'])
    await pass(4_000)
    expect(asked).toEqual([{ resource: [MAIL] }, { resource: [CALENDAR] }])
    // The oracle of the scene knows the line's own token alone.
    expectEachTokenOnce([expect.stringContaining('took over although the token is usable')])
  })
})

describe('a failover of the store', () => {
  it('that loses the answer of a use does not lose the newest refresh token', async () => {
    await start(2, { cacheMs: 0 })
    const token = await ask(0, calendar, 700)
    expect(token).toBe('a.g0.1')
    scene.failOver(1_000, 500)
    expect(lineInStore().generation).toBe(1)
    await ask(0, calendar, 6_000)
    expect(await ask(0, calendar, 1_000)).toBe(token)
    expect(lineInStore().tokens.refreshToken).toBe('r.g0.1')
    expect(await ask(1, calendar)).toBe(token)
    expect(await ask(1, mail)).toBe('a.g0.2')
    expect(asked).toHaveLength(2)
    expectEachTokenOnce()
  })

  it('lets an answer that the store did not take be stored before the next refresh', async () => {
    await start(2, { cacheMs: 0 })
    scene.provider.weather.answerMs = () => 1_000
    const waiting = ask(0, calendar, 800)
    await waiting
    scene.outage(6_000, 'lost')
    await pass(7_000)
    scene.provider.weather.answerMs = () => 50
    expect(
      await askAll([
        [0, mail],
        [1, calendar],
      ]),
    ).toEqual(['a.g0.2', 'a.g0.1'])
    expectEachTokenOnce()
  })
})

describe('a use that the provider refuses', () => {
  it.each(['invalid_target', 'invalid_scope', 'invalid_request', 'consent_required'])(
    'with %s fails alone, and with longer and longer pauses',
    async (code) => {
      await start(2, { cacheMs: 0 })
      refused = { [CALENDAR]: code }
      expect(await ask(0, calendar)).toBe(`provider: ${code}`)
      expect(
        await askAll([
          [1, mail],
          [1, {}],
        ]),
      ).toEqual(['a.g0.1', 'a.g0.0'])
      asked = []
      for (let second = 0; second < 600; second++) await ask(second % 2, calendar, 1_000)
      // 1, 2, 4 ... 60 seconds, or up to half of that.
      expect(asked.filter((one) => one !== undefined).length).toBeGreaterThanOrEqual(12)
      expect(asked.filter((one) => one !== undefined).length).toBeLessThanOrEqual(28)
      expect(lineInStore().refused).toBeUndefined()
      refused = {}
      await pass(60_000)
      expect(await ask(0, calendar)).toMatch(/^a\.g0\./)
      expect(lineInStore().refusedUses).toEqual([])
    },
  )

  it('is remembered by all processes', async () => {
    await start(2, { cacheMs: 0 })
    refused = { [CALENDAR]: 'invalid_target' }
    await ask(0, calendar, 200)
    expect(await ask(1, calendar, 300)).toBe('provider: invalid_target')
    expect(asked).toHaveLength(1)
  })

  it('keeps its valid token until that expires', async () => {
    await start(1)
    const token = await ask(0, calendar)
    refused = { [CALENDAR]: 'invalid_target' }
    await pass(45_000)
    expect(await ask(0, calendar, 5_000)).toBe(token)
    expect(asked).toHaveLength(2)
    await pass(15_000)
    expect(await ask(0, calendar)).toBe('provider: invalid_target')
    expect(await ask(0)).toMatch(/^a\.g0\./)
  })

  it('pauses the whole line if the provider is overloaded', async () => {
    await start(1)
    refused = { [CALENDAR]: 'overloaded' }
    expect(await ask(0, calendar, 300)).toBe('provider: 503')
    expect(await ask(0, mail, 200)).toBe('provider: 503')
    expect(asked).toHaveLength(1)
    expect(await ask(0)).toBe('a.g0.0')
  })

  it('refuses the grant if the answer is invalid_grant; valid tokens are used until they expire', async () => {
    await start(1)
    const token = await ask(0, mail)
    refused = { [CALENDAR]: 'invalid_grant' }
    expect(await ask(0, calendar)).toBe('log in: grant_ended')
    expect(lineInStore().refused).toBe('invalid_grant')
    expect([await ask(0, mail), await ask(0)]).toEqual([token, 'a.g0.0'])
    await pass(60_000)
    expect([await ask(0, mail), await ask(0)]).toEqual(Array(2).fill('log in: grant_ended'))
    expect(asked).toHaveLength(2)
  })
})

describe('an idle line', () => {
  /** Asks as a nightly job does: for what was not renewed for so many **milliseconds**. */
  function renewIdle(olderThanMs: number): Promise<string | undefined> {
    const { process } = node(0)
    const line = lineInStore().id
    return ask(0, { line, idleSince: process.clock.now() - olderThanMs, isJob: true })
  }

  it('is renewed although its access token is valid, and only if it is idle', async () => {
    await start(1, { lifeMs: 24 * 60 * 60_000 })
    expect(await renewIdle(60_000)).toBe('a.g0.0')
    await pass(60_000)
    expect(await renewIdle(60_000)).toBe('a.g0.1')
    expect(await renewIdle(60_000)).toBe('a.g0.1')
    expect(asked).toHaveLength(1)
    expectEachTokenOnce()
  })

  it('is not idle if its refresh token was used for a use', async () => {
    await start(1, { lifeMs: 24 * 60 * 60_000 })
    await pass(60_000)
    await ask(0, calendar)
    expect(await renewIdle(60_000)).toBe('a.g0.0')
    expect(asked).toHaveLength(1)
  })

  it('says that the person has to log in if the provider refuses, although the access token is valid', async () => {
    await start(1, { lifeMs: 24 * 60 * 60_000 })
    const [family] = scene.provider.families
    if (family !== undefined) family.ended = { by: 'revoked', at: 0 }
    await pass(60_000)
    expect(await renewIdle(60_000)).toBe('log in: grant_ended')
    expect(await ask(0)).toBe('a.g0.0')
  })

  it('is not looked for among other lines', async () => {
    await start(1)
    expect(await ask(0, { line: 'another' })).toBe('log in: grant_ended')
  })
})

describe('what a caller gets', () => {
  it('has the line as it is, and the token that was asked for with the refresh token of the line', async () => {
    await start(1)
    let line: ServedLine | undefined
    const one = node(0)
    void one.engine.freshLine(GRANT, waysOf(one), calendar).then((found) => {
      line = found
    })
    await pass(2_000)
    expect(line).toMatchObject({
      generation: 2,
      tokens: { accessToken: 'a.g0.0', refreshToken: 'r.g0.1' },
      served: { accessToken: 'a.g0.1', refreshToken: 'r.g0.1' },
    })
  })
})
