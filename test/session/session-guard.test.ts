import { beforeEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import session, { MemoryStore } from 'express-session'
import type { SessionData, Store } from 'express-session'
import fc from 'fast-check'
import { StorageError } from '../../src/errors/errors.js'
import { systemClock } from '../../src/lib/clock.js'
import { guardSessionStore, guardWithin } from '../../src/session/guard-session-store.js'
import type { StrategyData } from '../../src/session/request-session.js'
import { guardOf } from '../../src/session/session-guard.js'
import {
  changeStoredData,
  destroyStored,
  readStoredData,
} from '../../src/session/stored-session.js'
import { Browser, listen } from '../support/http.js'
import { sessionIdOf } from '../support/login.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'
import { createSessionEnds } from '../support/session-ends.js'

const KEY = 'oauth2:oauth2'
const DATA = { cookie: { originalMaxAge: null, path: '/' }, count: 0 } as unknown as SessionData

type Fields = Readonly<Record<string, unknown>>

function set(store: MemoryStore, id: string, fields: Fields = {}): Promise<void> {
  return called((done) => store.set(id, { ...DATA, ...fields }, done))
}

function destroy(store: MemoryStore, id: string): Promise<void> {
  return called((done) => store.destroy(id, done))
}

/** The session as it is stored. */
function stored(store: MemoryStore, id: string): Promise<Fields | undefined> {
  return new Promise((resolve) => {
    store.get(id, (_error, found) => resolve(found as unknown as Fields | undefined))
  })
}

function called(work: (done: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    work((error) => {
      if (error instanceof Error) reject(error)
      else resolve()
    })
  })
}

/** Whatever is ready to run has run. */
async function settled(): Promise<void> {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve))
}

/** Corrects data of a lower version to these. */
function newest(data: StrategyData) {
  return (old: StrategyData): StrategyData | undefined =>
    Number(old['version']) < Number(data['version']) ? data : undefined
}

describe('the guard of a session store', () => {
  it('is found on a guarded store, and on nothing else', () => {
    const store = new MemoryStore()
    expect(guardOf(guardSessionStore(store))).toMatchObject({ update: expect.any(Function) })
    for (const other of [store, undefined, null, 'text', {}]) expect(guardOf(other)).toBeUndefined()
  })

  it('does not lose a change of ours or of the application, whatever the order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('ours', 'application', 'touch'), { maxLength: 12 }),
        fc.array(fc.nat(3), { minLength: 40, maxLength: 40 }),
        async (plan, delays) => {
          const store = slowed(new MemoryStore(), delays)
          const guarded = guardSessionStore(store)
          await set(guarded, 'a', { note: 0, [KEY]: { version: 0 } })
          let notes = 0
          let versions = 0
          guardOf(guarded)?.correctWith(KEY, (old) => newest({ version: versions })(old))
          await Promise.all(
            plan.map((one) => {
              if (one === 'touch') return called((done) => guarded.touch('a', DATA, done))
              if (one === 'application') {
                // It has read the session before all of this.
                return set(guarded, 'a', { note: ++notes, [KEY]: { version: 0 } })
              }
              const version = ++versions
              return changeStoredData({ sessionID: 'a', sessionStore: guarded }, KEY, (old) =>
                newest({ version })(old),
              )
            }),
          )
          expect(await stored(store, 'a')).toMatchObject({
            note: notes,
            [KEY]: { version: versions },
          })
        },
      ),
      { numRuns: 60 },
    )
  })

  it('never has a destroyed session in the store once that was answered, whatever else is written', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('ours', 'application', 'touch', 'other process'), {
          maxLength: 10,
        }),
        fc.nat(10),
        fc.array(fc.nat(3), { minLength: 60, maxLength: 60 }),
        async (plan, at, delays) => {
          const store = slowed(new MemoryStore(), delays)
          const grants = createSessionEnds()
          const guarded = guardSessionStore(store, { grants })
          const limits = { timeoutMs: 10_000, clock: systemClock }
          const twin = guardWithin(limits, store, { grants })
          await set(guarded, 'a', { [KEY]: { version: 0 } })
          const steps = [...plan.slice(0, at), 'destroy', ...plan.slice(at)]
          await Promise.all(
            steps.map(async (one) => {
              if (one === 'destroy') await destroy(guarded, 'a')
              else if (one === 'touch') await called((done) => guarded.touch('a', DATA, done))
              else if (one === 'application') await set(guarded, 'a')
              else if (one === 'other process') await set(twin, 'a')
              else {
                const address = { sessionID: 'a', sessionStore: guarded }
                await changeStoredData(address, KEY, () => ({ version: 1 }))
              }
            }),
          )
          expect(await stored(store, 'a')).toBeUndefined()
        },
      ),
      { numRuns: 60 },
    )
  })

  it('leaves a session that is not stored alone, and one without a change unwritten', async () => {
    const store = new MemoryStore()
    const sessionStore = guardSessionStore(store)
    await changeStoredData({ sessionID: 'a', sessionStore }, KEY, () => ({ version: 1 }))
    expect(await stored(store, 'a')).toBeUndefined()
    await set(store, 'a', { [KEY]: { version: 1 } })
    const before = JSON.stringify(await stored(store, 'a'))
    await changeStoredData({ sessionID: 'a', sessionStore }, KEY, () => undefined)
    expect(JSON.stringify(await stored(store, 'a'))).toBe(before)
  })

  it('writes newer data in place of the old, and changes neither the session nor anything else', async () => {
    const store = new MemoryStore()
    const guarded = guardSessionStore(store)
    guardOf(guarded)?.correctWith(KEY, newest({ version: 1 }))
    guardOf(guarded)?.correctWith(KEY, newest({ version: 2 }))
    guardOf(guarded)?.correctWith('text', newest({ version: 2 }))
    let seen: unknown
    const app = express()
    app.use(
      session({
        secret: 'x',
        resave: false,
        saveUninitialized: false,
        store: guarded,
        cookie: { maxAge: 60_000 },
      }),
    )
    app.get('/', (req, res) => {
      Object.assign(req.session, { [KEY]: { version: 1 }, cart: ['tea'], text: 'text' })
      seen = req.session
      res.end()
    })
    const server = await listen(app)
    try {
      const written: unknown[] = []
      const write = store.set.bind(store)
      store.set = (id, data, done) => {
        written.push(data)
        write(id, data, done)
      }
      const browser = new Browser()
      // The second time it is a session that was loaded.
      for (let visit = 0; visit < 2; visit++) await browser.visit(`${server.origin}/`)
      const id = sessionIdOf(browser, server.origin) ?? ''
      expect(await stored(store, id)).toEqual({
        cookie: expect.objectContaining({
          originalMaxAge: expect.closeTo(60_000, -4),
          expires: expect.any(String),
        }),
        [KEY]: { version: 2 },
        cart: ['tea'],
        text: 'text',
      })
      expect(seen).toMatchObject({ [KEY]: { version: 1 } })
      const last = written.at(-1) as session.Session
      expect(Object.keys(last).sort()).toEqual(['cart', 'cookie', KEY, 'text'].sort())
      expect(last.cookie.maxAge).toBeGreaterThan(50_000)
      expect([last.id, typeof last.save]).toEqual([id, 'function'])
    } finally {
      await server.close()
    }
  })

  it('prolongs a session that it changes, with a cookie as express-session makes them', async () => {
    const store = new MemoryStore()
    const cookies: session.Cookie[] = []
    const write = store.set.bind(store)
    const cookie = { originalMaxAge: 60_000, expires: new Date(Date.now() + 5_000), path: '/' }
    await set(store, 'a', { cookie, [KEY]: { version: 1 } })
    store.set = (id, data, done) => {
      cookies.push(data.cookie)
      write(id, data, done)
    }
    for (const sessionStore of [store, guardSessionStore(store)]) {
      await changeStoredData({ sessionID: 'a', sessionStore }, KEY, () => ({ version: 2 }))
      expect(cookies.at(-1)?.maxAge).toBeGreaterThan(50_000)
    }
  })
})

describe('a store that does not answer', () => {
  let clock: ManualClock
  let store: MemoryStore
  let guarded: MemoryStore
  /** What the store has not answered yet. */
  let waiting: (() => void)[]

  beforeEach(async () => {
    clock = createManualClock()
    store = new MemoryStore()
    await set(store, 'a', { [KEY]: { version: 1 } })
    waiting = []
    guarded = guardWithin({ timeoutMs: 1_000, clock }, store)
  })

  function hang(method: 'get' | 'set' | 'destroy'): void {
    const original = (store[method] as (...args: unknown[]) => void).bind(store)
    const hanging = (...args: unknown[]): void => void waiting.push(() => original(...args))
    Object.assign(store, { [method]: hanging })
  }

  const late = (what: string, timeoutMs = 1_000) =>
    new StorageError(
      what,
      new Error(
        `The store has not answered within ${timeoutMs} ms. What it was asked to do may still be done.`,
      ),
    )

  it('fails each write after the limit, and lets the next one go', async () => {
    hang('set')
    const first = set(guarded, 'a')
    clock.advance(500)
    const second = set(guarded, 'a')
    const another = set(guarded, 'b')
    clock.advance(500)
    await expect(first).rejects.toEqual(late('Writing the session'))
    await settled()
    expect(waiting).toHaveLength(3)
    clock.advance(500)
    await expect(second).rejects.toEqual(late('Writing the session'))
    await expect(another).rejects.toEqual(late('Writing the session'))
  })

  it.each(['get', 'load'] as const)('fails %s after the limit', async (method) => {
    hang('get')
    const found = read(guarded, method)
    await settled()
    clock.advance(1_000)
    await expect(found).rejects.toEqual(late('Reading the session'))
  })

  it('makes nobody wait for longer than the limit, however many writes there are', async () => {
    hang('set')
    const writes = Array.from({ length: 50 }, () => set(guarded, 'a'))
    const outcomes = Promise.allSettled(writes)
    clock.advance(1_000)
    expect((await outcomes).map(({ status }) => status)).toEqual(Array(50).fill('rejected'))
    // Those that have not begun are not done later, when they would undo newer ones.
    await settled()
    expect(waiting).toHaveLength(1)
  })

  it('that writes late does not bring a destroyed session back', async () => {
    hang('set')
    const writing = set(guarded, 'a')
    const destroyed = destroy(guarded, 'a')
    clock.advance(1_000)
    await expect(writing).rejects.toEqual(late('Writing the session'))
    await expect(destroyed).rejects.toEqual(late('Destroying the session'))
    await settled()
    expect(await stored(store, 'a')).toBeUndefined()
    for (const answer of waiting) answer()
    await settled()
    expect(await stored(store, 'a')).toBeUndefined()
  })

  it('that reads late has its answer dropped, and nothing is written', async () => {
    hang('get')
    const limits = { timeoutMs: 1_000, clock }
    const changes: Promise<unknown>[] = []
    for (const sessionStore of [store, guarded]) {
      const address = { sessionID: 'a', sessionStore }
      changes.push(
        changeStoredData(address, KEY, () => ({ version: 2 }), limits),
        readStoredData(address, limits),
      )
    }
    const outcomes = Promise.allSettled(changes)
    clock.advance(1_000)
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StorageError) })
    }
    for (const answer of waiting) answer()
    await settled()
    expect(store).toMatchObject({
      sessions: { a: expect.stringContaining(JSON.stringify({ version: 1 })) },
    })
  })

  it('fails what the strategies ask of it, after the limit of the caller', async () => {
    hang('destroy')
    const destroyed = destroyStored(
      { sessionID: 'a', sessionStore: store },
      { timeoutMs: 200, clock },
    )
    clock.advance(200)
    await expect(destroyed).rejects.toEqual(late('Destroying the session', 200))
    // Answers that are late, or come twice, change nothing.
    for (const answer of [...waiting, ...waiting]) answer()
    await settled()
  })

  it('does not keep a logout from succeeding if it is the one of the grants', async () => {
    const never = new Promise<never>(() => undefined)
    const grants = { endSession: () => never, isSessionEnded: () => never }
    guarded = guardWithin({ timeoutMs: 1_000, clock }, store, { grants })
    const destroyed = destroy(guarded, 'a')
    clock.advance(500)
    await destroyed
    expect(await stored(store, 'a')).toBeUndefined()
    const writing = set(guarded, 'b')
    clock.advance(500)
    await expect(writing).rejects.toEqual(late('Looking whether the session has ended', 500))
  })

  it('remembers destroyed sessions for as long as a request may take, and no longer', async () => {
    guarded = guardWithin({ timeoutMs: 1_000, clock }, store, { longestRequestMs: 5_000 })
    await destroy(guarded, 'a')
    clock.advance(4_999)
    await set(guarded, 'a')
    expect(await stored(store, 'a')).toBeUndefined()
    clock.advance(1)
    await set(guarded, 'a')
    expect(await stored(store, 'a')).toBeDefined()
  })
})

/** The store, with answers and effects that come later by these numbers of event loop rounds, one after the other. */
function slowed(store: MemoryStore, delays: readonly number[]): MemoryStore {
  let calls = 0
  const pause = async (): Promise<void> => {
    const rounds = delays[calls++ % delays.length] ?? 0
    for (let round = 0; round < rounds; round++) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  for (const method of ['get', 'set', 'touch', 'destroy'] as const) {
    const original = (store[method] as (...args: unknown[]) => void).bind(store)
    const delayed = (...args: unknown[]): void => {
      // What is written is what the session was when the store was called.
      const given = args.map((one) => (typeof one === 'object' ? structuredClone({ ...one }) : one))
      void pause().then(() => original(...given))
    }
    Object.assign(store, { [method]: delayed })
  }
  return store
}

/** Reads the session `a` by `get` or by express-session's `load`. */
function read(store: Store, method: 'get' | 'load'): Promise<unknown> {
  return new Promise((resolve, reject) => {
    store[method]('a', (error: Error | null, found?: unknown) => {
      if (error) reject(error)
      else resolve(found)
    })
  })
}
