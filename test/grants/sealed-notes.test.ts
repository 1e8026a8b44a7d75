import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { RedisClientType } from 'redis'
import type { Pool } from 'pg'
import { Grants, partsOf } from '../../src/grants/grants.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { SealedNotes } from '../../src/grants/sealed-notes.js'
import type { GrantStore } from '../../src/options/grant-store.js'
import { PostgresGrants } from '../../src/postgres.js'
import { RedisGrants } from '../../src/redis.js'
import { startPostgresProcess } from '../support/postgres-process.js'
import type { PostgresProcess } from '../support/postgres-process.js'
import { startRedis } from '../support/redis.js'
import type { RedisServer } from '../support/redis.js'
import { describeWithPostgres, describeWithRedis } from '../support/requirements.js'

// A database takes seconds to start on a busy machine.
jest.setTimeout(60_000)

const OLD = 'the old secret, of 32 characters or more'
const NEW = 'the new secret, of 32 characters or more'
const TTL_MS = 60_000

/** Of errors that a request which comes again later meets as well. */
const ONLY_A_DEVELOPER = { code: 'ERR_STORAGE', status: 503, fault: 'developer', retryable: false }
const FOREIGN = {
  ...ONLY_A_DEVELOPER,
  message:
    'Opening a note failed: it was sealed with a secret that is not among the secrets of this process.',
}
const MOVED = {
  ...ONLY_A_DEVELOPER,
  message: 'Opening a note failed: it was changed, or belongs to another name.',
}

/** Creates the grants of a process with these secrets. */
type Open = (...secret: readonly string[]) => Grants

function notesOf(grants: Grants): SealedNotes {
  const { notes } = partsOf(grants)
  if (notes === undefined) throw new Error('There are no notes.')
  return notes
}

/** What is true of notes in any store. */
function itKeepsNotes(open: Open): void {
  let name: string
  beforeEach(() => {
    name = `connect/test/${Math.random().toString(36).slice(2)}`
  })

  it('are read by every process with the secret, and by none without it', async () => {
    const value = { list: ['ä', 1, null], text: 'x'.repeat(10_000) }
    const version = await notesOf(open(OLD)).write(name, undefined, value, TTL_MS)
    expect(version).toEqual(expect.any(String))
    expect(await notesOf(open(OLD)).read(name)).toEqual({ value, version })
    expect(await notesOf(open(NEW, OLD)).read(name)).toEqual({ value, version })
    await expect(notesOf(open(NEW)).read(name)).rejects.toMatchObject(FOREIGN)
    expect(await notesOf(open(OLD)).read(`${name}/other`)).toBeUndefined()
  })

  it('are written by one of two who have read the same', async () => {
    const [one, other] = [notesOf(open(OLD)), notesOf(open(OLD))]
    const firsts = await Promise.all([
      one.write(name, undefined, 'of one', TTL_MS),
      other.write(name, undefined, 'of the other', TTL_MS),
    ])
    expect(firsts.filter((version) => version !== undefined)).toHaveLength(1)
    const first = await one.read(name)
    const seconds = await Promise.all(
      [one, other].map((notes, index) => notes.write(name, first?.version, index, TTL_MS)),
    )
    const [version] = seconds.filter((one) => one !== undefined)
    expect(seconds.filter((one) => one !== undefined)).toHaveLength(1)
    expect(await other.read(name)).toEqual({ value: seconds.indexOf(version), version })
    // Neither can be written any more by who knows an older version, or none.
    expect(await one.write(name, first?.version, 'late', TTL_MS)).toBeUndefined()
    expect(await one.write(name, undefined, 'late', TTL_MS)).toBeUndefined()
  })

  it('are bound to their name', async () => {
    const grants = open(OLD)
    await notesOf(grants).write(name, undefined, 'of ada', TTL_MS)
    const { store } = partsOf(grants)
    const record = await store.get(`note/${name}`)
    if (record === undefined) throw new Error('There is no record.')
    await store.compareAndSet(`note/${name}/eve`, undefined, record, TTL_MS)
    await expect(notesOf(open(OLD)).read(`${name}/eve`)).rejects.toMatchObject(MOVED)
    expect(await notesOf(open(OLD)).read(name)).toMatchObject({ value: 'of ada' })
  })

  it('are listed by lists of their own', async () => {
    const notes = notesOf(open(OLD))
    for (const id of ['c', 'a', 'b']) await notes.link(name, id, TTL_MS)
    expect([...(await notes.linked(name, 10))].sort()).toEqual(['a', 'b', 'c'])
    const page = await notes.linked(name, 2)
    expect([...page, ...(await notes.linked(name, 2, page.at(-1)))].sort()).toEqual(['a', 'b', 'c'])
    await notes.unlink(name, ['a', 'c'])
    expect(await notes.linked(name, 10)).toEqual(['b'])
    expect(await notes.linked(`${name}/other`, 10)).toEqual([])
  })

  it('are sealed anew with the first secret, once, and unreadable ones are left', async () => {
    const old = notesOf(open(OLD))
    const version = await old.write(name, undefined, 'kept', TTL_MS)
    const both = notesOf(open(NEW, OLD))
    expect(await notesOf(open(NEW)).reseal(name)).toBe('unreadable')
    expect(await old.read(name)).toEqual({ value: 'kept', version })
    expect(await both.reseal(name)).toBe('resealed')
    expect(await both.reseal(name)).toBeUndefined()
    expect(await both.reseal(`${name}/other`)).toBeUndefined()
    expect(await notesOf(open(NEW)).read(name)).toMatchObject({ value: 'kept' })
    await expect(old.read(name)).rejects.toMatchObject(FOREIGN)
    // Whoever has read it before has to look again.
    expect(await both.write(name, version, 'late', TTL_MS)).toBeUndefined()
  })
}

/** Notes are sealed anew with everything else. */
function itResealsAll(open: (...secret: readonly string[]) => RedisGrants | PostgresGrants): void {
  it('are sealed anew when all grants are, and counted', async () => {
    const old = open(OLD)
    await open(NEW, OLD).reseal()
    await partsOf(old).engine.begin('ada', {
      strategy: 'the strategy',
      tokens: { accessToken: 'a', tokenType: 'bearer' },
      lifetimeMs: TTL_MS,
      of: { names: [] },
    })
    const names = Array.from({ length: 30 }, (_, number) => `connect/target/${number}`)
    for (const one of names) await notesOf(old).write(one, undefined, one, TTL_MS)
    await notesOf(old).link('connect/targets', 'id', TTL_MS)

    expect(await open(NEW, OLD).reseal()).toMatchObject({ resealed: 31 })
    expect(await open(NEW, OLD).reseal()).toMatchObject({ resealed: 0 })
    for (const one of names) expect((await notesOf(open(NEW)).read(one))?.value).toBe(one)
  })

  it('are counted as unreadable, and left, if no secret opens them', async () => {
    const before = await open(NEW).reseal()
    const name = 'connect/target/of a third secret'
    const third = notesOf(open('a third secret, of 32 characters or more'))
    await third.write(name, undefined, 'kept', TTL_MS)
    expect(await open(NEW).reseal()).toEqual({ resealed: 0, unreadable: before.unreadable + 1 })
    expect(await third.read(name)).toMatchObject({ value: 'kept' })
  })
}

describe('notes in memory', () => {
  const store = createMemoryStore()
  itKeepsNotes((...secret) => new Grants(store, { secret }))
})

describeWithRedis('notes in Redis', () => {
  let redis: RedisServer
  let client: RedisClientType
  beforeAll(async () => {
    redis = await startRedis()
    client = await redis.connect()
  })
  afterAll(() => redis.stop())
  const open = (...secret: readonly string[]): RedisGrants => new RedisGrants({ client, secret })

  itKeepsNotes(open)
  itResealsAll(open)
})

describeWithPostgres('notes in PostgreSQL', (postgres) => {
  let server: PostgresProcess
  let pool: Pool
  beforeAll(async () => {
    server = await startPostgresProcess(postgres)
    pool = server.connect()
    await open(OLD).setUp()
  })
  afterAll(() => server.close())
  const open = (...secret: readonly string[]): PostgresGrants =>
    new PostgresGrants({ pool, secret })

  itKeepsNotes(open)
  itResealsAll(open)
})

describe('a store that fails while a note is written', () => {
  const lost = new Error('connection lost')
  /** What happens at the next `compareAndSet`. */
  let fail: 'never' | 'before' | 'after' = 'never'
  let isDown = false
  const memory = createMemoryStore()
  const store: GrantStore = {
    ...memory,
    get: (id) => (isDown ? Promise.reject(lost) : memory.get(id)),
    async compareAndSet(...given) {
      const how = fail
      fail = 'never'
      if (how === 'before') throw lost
      const isDone = await memory.compareAndSet(...given)
      if (how === 'after') throw lost
      return isDone
    },
  }
  const notes = notesOf(new Grants(store, { secret: OLD }))
  beforeEach(() => {
    fail = 'never'
    isDown = false
  })

  it('has written it although it failed: the note counts as written', async () => {
    fail = 'after'
    const version = await notes.write('unclear', undefined, 'first', TTL_MS)
    expect(await notes.read('unclear')).toEqual({ value: 'first', version })
    fail = 'after'
    const next = await notes.write('unclear', version, 'second', TTL_MS)
    expect(await notes.read('unclear')).toEqual({ value: 'second', version: next })
  })

  it('has not written it: that is an error, and the note is as before', async () => {
    const version = await notes.write('failed', undefined, 'first', TTL_MS)
    fail = 'before'
    await expect(notes.write('failed', version, 'second', TTL_MS)).rejects.toMatchObject({
      code: 'ERR_STORAGE',
      cause: lost,
    })
    expect(await notes.read('failed')).toEqual({ value: 'first', version })
  })

  it('has refused it, for another writer, before it failed: that is an error, and theirs stays', async () => {
    const version = await notes.write('refused', undefined, 'theirs', TTL_MS)
    fail = 'after'
    await expect(notes.write('refused', undefined, 'ours', TTL_MS)).rejects.toMatchObject({
      code: 'ERR_STORAGE',
    })
    expect(await notes.read('refused')).toEqual({ value: 'theirs', version })
  })

  it('is down: that is an error, for readers too', async () => {
    fail = 'before'
    isDown = true
    const failure = { code: 'ERR_STORAGE', status: 503, retryable: true }
    await expect(notes.write('down', undefined, 'x', TTL_MS)).rejects.toMatchObject(failure)
    await expect(notes.read('down')).rejects.toMatchObject(failure)
    await expect(notes.reseal('down')).rejects.toMatchObject(failure)
  })
})
