import { describe, expect, it } from '@jest/globals'
import { LoginRequiredError, StorageError, TokenEndpointError } from '../../src/errors/errors.js'
import * as engine from './simulation/engine.js'
import { createScene } from './simulation/scene.js'
import type { Node, Outcome, Scene, SceneSettings } from './simulation/scene.js'

const GRANT = 'g'

/** A scene with so many processes and one login, which is a few seconds old. */
async function sceneOf(count: number, settings: Partial<SceneSettings> = {}): Promise<Scene> {
  const scene = createScene(engine, settings)
  for (let index = 0; index < count; index++) scene.start()
  const login = scene.logIn(nodeOf(scene, 0), GRANT)
  await scene.timeline.runUntil(5_000)
  expect(await login).toBe(true)
  return scene
}

function nodeOf({ nodes }: Scene, index: number): Node {
  const node = nodes[index]
  if (node === undefined) throw new Error(`There is no process ${index}.`)
  return node
}

/** Asks in these processes at once. The outcomes are those that exist after so many milliseconds. */
async function askAll(
  scene: Scene,
  indexes: readonly number[],
  forMs: number,
  how = {},
): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = indexes.map(() => undefined)
  indexes.forEach((process, index) => {
    void scene.ask(nodeOf(scene, process), GRANT, how).then((outcome) => {
      found[index] = nameOf(outcome)
    })
  })
  await pass(scene, forMs)
  return found
}

function nameOf(outcome: Outcome): string {
  if (!('error' in outcome)) return outcome.tokens.accessToken
  const { error } = outcome
  if (error instanceof LoginRequiredError) return `log in: ${error.reason}`
  if (error instanceof TokenEndpointError)
    return `provider: ${error.networkCode ?? error.httpStatus}`
  return error instanceof StorageError ? 'store' : String(error)
}

function pass({ timeline }: Scene, ms: number): Promise<void> {
  return timeline.runUntil(timeline.time() + ms)
}

function sentBy(scene: Scene): string[] {
  return scene.provider.requests.map(({ process }) => process.name)
}

function expectNoFault({ oracle }: Scene): void {
  expect(oracle.faults).toEqual([])
  expect(Object.fromEntries(oracle.causes)).toEqual({})
}

describe('the engine that keeps grants', () => {
  it('hands out the token of a login in every process, and sends nothing', async () => {
    const scene = await sceneOf(2)
    expect(await askAll(scene, [0, 1], 1_000)).toEqual(['a.g0.0', 'a.g0.0'])
    expect(sentBy(scene)).toEqual([])
    expectNoFault(scene)
  })

  it('renews an expired token once for all processes', async () => {
    const scene = await sceneOf(3)
    await pass(scene, 60_000)
    expect(await askAll(scene, [0, 1, 2, 1], 5_000)).toEqual(Array(4).fill('a.g0.1'))
    expect(sentBy(scene)).toHaveLength(1)
    expectNoFault(scene)
  })

  it('renews in the background while the token is valid', async () => {
    const scene = await sceneOf(1)
    await pass(scene, 40_000)
    expect(await askAll(scene, [0], 50)).toEqual(['a.g0.0'])
    await pass(scene, 2_000)
    expect(await askAll(scene, [0], 50)).toEqual(['a.g0.1'])
    expect(sentBy(scene)).toHaveLength(1)
    expectNoFault(scene)
  })

  it('gets another token in the place of one that an API has refused', async () => {
    const scene = await sceneOf(2)
    const answers = await askAll(scene, [0, 1], 3_000, { refused: 'a.g0.0' })
    expect(answers).toEqual(['a.g0.1', 'a.g0.1'])
    expect(sentBy(scene)).toHaveLength(1)
    expectNoFault(scene)
  })

  it('lets another process take over ten seconds after the death of the one that was to renew', async () => {
    const scene = await sceneOf(2)
    scene.provider.weather.signingMs = () => 3_000
    await pass(scene, 60_000)
    await askAll(scene, [0], 1_000)
    scene.kill(nodeOf(scene, 0))
    scene.provider.weather.signingMs = () => 1
    expect(await askAll(scene, [1], 9_000)).toEqual([undefined])
    await pass(scene, 3_000)
    expect(sentBy(scene)).toEqual(['P1'])
    expect(await askAll(scene, [1], 500)).toEqual(['a.g0.1'])
    expectNoFault(scene)
  })

  it('waits for a slow provider as long as the renewing process is alive', async () => {
    const scene = await sceneOf(2, { lifeMs: 300_000 })
    scene.provider.weather.answerMs = () => 50_000
    await pass(scene, 300_000)
    const answers = await askAll(scene, [0, 1], 16_000)
    expect(answers).toEqual(['provider: timeout', 'provider: timeout'])
    await pass(scene, 40_000)
    expect(await askAll(scene, [0, 1], 1_000)).toEqual(['a.g0.1', 'a.g0.1'])
    expect(sentBy(scene)).toHaveLength(1)
    expectNoFault(scene)
  })

  it('stores an answer that comes after a minute', async () => {
    const scene = await sceneOf(1)
    scene.provider.weather.answerMs = () => 90_000
    await pass(scene, 60_000)
    await askAll(scene, [0], 100_000)
    const [line] = scene.store.present(GRANT)?.lines ?? []
    expect(line?.tokens.accessToken).toBe('a.g0.1')
    expectNoFault(scene)
  })

  it('asks to log in when the provider refuses for good, and only then', async () => {
    const scene = await sceneOf(2)
    const [family] = scene.provider.families
    if (family !== undefined) family.ended = { by: 'revoked', at: 0 }
    await pass(scene, 60_000)
    expect(await askAll(scene, [0, 1], 3_000)).toEqual(Array(2).fill('log in: grant_ended'))
    expect(await askAll(scene, [0, 1], 3_000)).toEqual(Array(2).fill('log in: grant_ended'))
    expect(sentBy(scene)).toHaveLength(1)
  })

  it('revokes the answer to a renewal during which the person has logged out', async () => {
    const scene = await sceneOf(2)
    scene.provider.weather.answerMs = () => 4_000
    await pass(scene, 60_000)
    const asked = askAll(scene, [0], 2_000)
    await asked
    const ended = scene.end(nodeOf(scene, 1), GRANT)
    expect(await askAll(scene, [0, 1], 4_000)).toEqual(Array(2).fill('log in: grant_ended'))
    expect(await ended).toBe(true)
    expect(scene.provider.families[0]?.ended?.by).toBe('revoked')
    expect(scene.store.present(GRANT)?.lines).toEqual([])
    expectNoFault(scene)
  })

  it('starts a line over a tombstone', async () => {
    const scene = await sceneOf(2)
    void scene.end(nodeOf(scene, 0), GRANT)
    await pass(scene, 1_000)
    void scene.logIn(nodeOf(scene, 1), GRANT)
    await pass(scene, 12_000)
    expect(await askAll(scene, [0, 1], 500)).toEqual(['a.g1.0', 'a.g1.0'])
    expect(scene.store.present(GRANT)?.lines.map(({ number }) => number)).toEqual([2])
    expectNoFault(scene)
  })

  it('stores an answer as soon as the store can be reached, before another process may take over', async () => {
    const scene = await sceneOf(2)
    await pass(scene, 60_000)
    scene.provider.weather.answerMs = () => 2_000
    const asked = askAll(scene, [0, 1], 1_000)
    await asked
    scene.outage(20_000, 'lost')
    await pass(scene, 20_000)
    expect(await askAll(scene, [0, 1], 9_000)).toEqual(['a.g0.1', 'a.g0.1'])
    expect(sentBy(scene)).toHaveLength(1)
    expectNoFault(scene)
  })

  it('fails with a StorageError while the store is down', async () => {
    const scene = await sceneOf(1)
    await pass(scene, 60_000)
    scene.outage(20_000, 'lost')
    expect(await askAll(scene, [0], 19_000)).toEqual(['store'])
    await pass(scene, 2_000)
    expect(await askAll(scene, [0], 2_000)).toEqual(['a.g0.1'])
    expectNoFault(scene)
  })

  it('remembers in the record that the provider asks for a pause', async () => {
    const scene = await sceneOf(2)
    await pass(scene, 60_000)
    scene.provider.weather.failing = { status: 429, retryAfterMs: 30_000 }
    expect(await askAll(scene, [0, 1], 1_000)).toEqual(Array(2).fill('provider: 429'))
    await pass(scene, 20_000)
    expect(await askAll(scene, [0, 1], 1_000)).toEqual(Array(2).fill('provider: 429'))
    expect(sentBy(scene)).toHaveLength(1)
    scene.provider.weather.failing = undefined
    await pass(scene, 10_000)
    expect(await askAll(scene, [0, 1], 1_000)).toEqual(Array(2).fill('a.g0.1'))
    expectNoFault(scene)
  })

  it('writes again what a failover has lost, before another process can use the old token', async () => {
    const scene = await sceneOf(2, { cacheMs: 0 })
    await pass(scene, 60_000)
    await askAll(scene, [0], 700)
    scene.failOver(1_000, 500)
    expect(scene.store.present(GRANT)?.lines[0]?.generation).toBe(1)
    expect(await askAll(scene, [0], 6_000)).toEqual(['store'])
    expect(await askAll(scene, [0], 1_000)).toEqual(['a.g0.1'])
    expect(await askAll(scene, [1], 1_000)).toEqual(['a.g0.1'])
    expect(sentBy(scene)).toHaveLength(1)
    expectNoFault(scene)
  })
})
