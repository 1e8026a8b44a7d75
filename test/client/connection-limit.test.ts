import { describe, expect, it } from '@jest/globals'
import { createConnectionLimit } from '../../src/client/connection-limit.js'
import type { Connection } from '../../src/client/connection-limit.js'
import { createManualClock } from '../support/manual-clock.js'

/** Acquires a connection, and writes the name down when it has it. */
function queue(
  acquire: () => Promise<Connection>,
  name: string,
  order: string[],
): Promise<Connection> {
  return acquire().then((connection) => {
    order.push(name)
    return connection
  })
}

function settle(): Promise<void> {
  return new Promise(setImmediate)
}

describe('a limit of connections', () => {
  it('gives out as many as it has at once, and says that nobody waited', async () => {
    const limit = createConnectionLimit(2)
    const given = [await limit.acquire(false), await limit.acquire(true)]
    expect(given.map(({ waited }) => waited)).toEqual([false, false])
  })

  it('lets the next one wait until one is released, and says so', async () => {
    const limit = createConnectionLimit(1)
    const first = await limit.acquire(false)
    const order: string[] = []
    const second = queue(() => limit.acquire(false), 'second', order)
    await settle()
    expect(order).toEqual([])

    first.release()
    expect((await second).waited).toBe(true)
  })

  it('serves urgent requests first, and each kind in the order in which they came', async () => {
    const limit = createConnectionLimit(1)
    const held = await limit.acquire(false)
    const order: string[] = []
    const served = [
      ['job 1', false],
      ['login 1', true],
      ['job 2', false],
      ['login 2', true],
    ].map(async ([name, urgent]) => {
      const connection = await limit.acquire(urgent === true)
      order.push(String(name))
      connection.release()
    })
    held.release()
    await Promise.all(served)
    expect(order).toEqual(['login 1', 'login 2', 'job 1', 'job 2'])
  })

  it('counts a connection that is released twice once', async () => {
    const limit = createConnectionLimit(1)
    const first = await limit.acquire(false)
    first.release()
    first.release()
    const order: string[] = []
    await limit.acquire(false)
    void queue(() => limit.acquire(false), 'third', order)
    await settle()
    expect(order).toEqual([])
  })

  it('ends a wait after its limit, and gives the next connection to somebody else', async () => {
    const clock = createManualClock()
    const limit = createConnectionLimit(1, clock)
    const held = await limit.acquire(false)
    const impatient = limit.acquire(true, 100)
    const patient = limit.acquire(false)
    clock.advance(99)
    clock.advance(1)
    await expect(impatient).rejects.toMatchObject({
      name: 'TransportError',
      networkCode: 'timeout',
      message: expect.stringContaining('All 1 connections to the provider are in use'),
    })

    held.release()
    expect((await patient).waited).toBe(true)
  })
})

describe('a pause', () => {
  it('lasts as long as the provider has asked for, by a clock that cannot jump', () => {
    const clock = createManualClock()
    const limit = createConnectionLimit(1, clock)
    expect(limit.pausedForMs()).toBe(0)
    limit.pause(30_000)
    clock.advance(10_000)
    expect(limit.pausedForMs()).toBe(20_000)
    clock.advance(20_000)
    expect(limit.pausedForMs()).toBe(0)
  })

  it('lasts at most 15 minutes', () => {
    const limit = createConnectionLimit(1, createManualClock())
    limit.pause(86_400_000)
    expect(limit.pausedForMs()).toBe(900_000)
  })

  it('is not shortened by a later one', () => {
    const limit = createConnectionLimit(1, createManualClock())
    limit.pause(30_000)
    limit.pause(1_000)
    expect(limit.pausedForMs()).toBe(30_000)
  })

  it('of one person begins for all when a second one is limited, before the first may try again', () => {
    const clock = createManualClock()
    const limit = createConnectionLimit(1, clock)
    limit.pause(30_000, 'mallory')
    limit.pause(30_000, 'mallory')
    expect(limit.pausedForMs()).toBe(0)
    clock.advance(30_000)
    limit.pause(30_000, 'ada')
    expect(limit.pausedForMs()).toBe(0)
    limit.pause(20_000, 'mallory')
    expect(limit.pausedForMs()).toBe(20_000)
  })

  it('for all is not ended by that of one person', () => {
    const limit = createConnectionLimit(1, createManualClock())
    limit.pause(30_000)
    limit.pause(1_000, 'mallory')
    expect(limit.pausedForMs()).toBe(30_000)
  })

  it('does not stop logins', async () => {
    const limit = createConnectionLimit(1, createManualClock())
    limit.pause(30_000)
    expect((await limit.acquire(true)).waited).toBe(false)
  })
})
