import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from '@jest/globals'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { systemClock } from '../../src/lib/clock.js'

/** A store whose time is set by hand, in **milliseconds**. */
function createStore(settings: { maximumRecords?: number } = {}) {
  const time = { ms: 0 }
  const clock = { ...systemClock, monotonic: () => time.ms }
  return { time, store: createMemoryStore({ clock, ...settings }) }
}

const record = { version: 'v', value: 'a value' }

describe('a grant store in memory', () => {
  it('forgets a record when its time is over, and accepts a new one', async () => {
    const { store, time } = createStore()
    await store.compareAndSet('id', undefined, record, 1_000)
    time.ms = 999
    await expect(store.get('id')).resolves.toEqual(record)
    time.ms = 1_000
    await expect(store.get('id')).resolves.toBeUndefined()
    await expect(store.compareAndSet('id', 'v', record, 1_000)).resolves.toBe(false)
    await expect(store.compareAndSet('id', undefined, record, 1_000)).resolves.toBe(true)
  })

  it('forgets a link when its time is over', async () => {
    const { store, time } = createStore()
    await store.link('name', 'short', 1_000)
    await store.link('name', 'long', 2_000)
    time.ms = 1_000
    await expect(store.linked('name', 10)).resolves.toEqual(['long'])
    await store.link('name', 'short', 1_000)
    await expect(store.linked('name', 10)).resolves.toEqual(['long', 'short'])
  })

  it('evicts nothing without a limit', async () => {
    const { store } = createStore()
    for (let id = 0; id < 10_000; id++) {
      await store.compareAndSet(`${id}`, undefined, record, 1_000)
    }
    await expect(store.get('0')).resolves.toEqual(record)
  })

  it('evicts what was used least recently, beyond its limit', async () => {
    const { store } = createStore({ maximumRecords: 3 })
    for (const id of ['one', 'two', 'three']) await store.compareAndSet(id, undefined, record, 1e6)
    await store.get('one')
    await store.compareAndSet('two', 'v', record, 1e6)
    await store.compareAndSet('four', undefined, record, 1e6)
    await expect(store.get('three')).resolves.toBeUndefined()
    for (const id of ['one', 'two', 'four']) await expect(store.get(id)).resolves.toEqual(record)
  })

  it('removes what has expired little by little, although nobody asks for it', async () => {
    const { store, time } = createStore()
    const values: WeakRef<object>[] = []
    const write = async (number: number): Promise<void> => {
      // An object, so that one can see when nobody holds it any more.
      const value = Object(`value ${number}`) as string & object
      values.push(new WeakRef(value))
      await store.compareAndSet(`${number}`, undefined, { version: 'v', value }, 1_000)
      await store.link(`name ${number % 50}`, `${number}`, 1_000)
    }
    for (let number = 0; number < 1_000; number++) await write(number)
    time.ms = 1_000
    for (let number = 1_000; number < 1_600; number++) await write(number)
    await setImmediate()
    setFlagsFromString('--expose-gc')
    ;(runInNewContext('gc') as () => void)()

    const kept = values.map((value) => value.deref() !== undefined)
    expect(kept.slice(0, 1_000)).not.toContain(true)
    expect(kept.slice(1_000)).not.toContain(false)
    for (let name = 0; name < 50; name++) {
      await expect(store.linked(`name ${name}`, 100)).resolves.toHaveLength(12)
    }
  })
})
