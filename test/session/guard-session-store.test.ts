import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { RedisStore } from 'connect-redis'
import express from 'express'
import type { Request } from 'express'
import session, { MemoryStore, Store } from 'express-session'
import type { Session, SessionData } from 'express-session'
import { guardSessionStore, StorageError } from '../../src/index.js'
import { systemClock } from '../../src/lib/clock.js'
import type { SessionEnds } from '../../src/options/session-ends.js'
import { guardWithin } from '../../src/session/guard-session-store.js'
import { createGate } from '../support/gate.js'
import { Browser, listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'
import { bodyOf, sessionIdOf } from '../support/login.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'
import { startRedisServer } from '../support/redis-server.js'
import type { RedisServer } from '../support/redis-server.js'
import { describeWithRedis } from '../support/requirements.js'
import { createSessionEnds } from '../support/session-ends.js'
import { until } from '../support/until.js'

/** A store as some write them today: what it needs is private to it. */
class PrivateStore extends Store {
  readonly #sessions = new Map<string, string>()
  #written = 0

  get written(): number {
    return this.#written
  }

  set written(count: number) {
    this.#written = count
  }

  override get(id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    const found = this.#sessions.get(id)
    done(null, found === undefined ? null : (JSON.parse(found) as SessionData))
  }

  override set(id: string, data: SessionData, done?: (error?: unknown) => void): void {
    this.#written += 1
    this.#sessions.set(id, JSON.stringify(data))
    done?.()
  }

  override destroy(id: string, done?: (error?: unknown) => void): void {
    this.#sessions.delete(id)
    done?.()
  }
}

const DATA = { cookie: { originalMaxAge: null, path: '/' }, user: 'ada' } as unknown as SessionData

describe('guardSessionStore over MemoryStore', () => {
  describeGuard(() => new MemoryStore())
})

describe('guardSessionStore over a store with private fields', () => {
  describeGuard(() => new PrivateStore())

  it('lets its own properties be read and set', () => {
    const store = new PrivateStore()
    const guarded = guardSessionStore(store)
    guarded.written = 5
    expect([guarded.written, store.written]).toEqual([5, 5])
  })

  it('hands on what a store rejects with whose methods are async functions', async () => {
    const reject = (_id: string, ..._others: unknown[]): Promise<void> =>
      Promise.reject(new Error('out of order'))
    const store = { set: reject, destroy: reject, createSession: () => ({}) }
    const guarded = guardSessionStore(store)
    const written = await new Promise((resolve) => void guarded.set('a', DATA, resolve))
    const destroyed = await new Promise((resolve) => void guarded.destroy('a', resolve))
    const cause = new Error('out of order')
    expect([written, destroyed]).toEqual([
      new StorageError('Writing the session', cause),
      new StorageError('Destroying the session', cause),
    ])
  })

  it('calls back once, whatever the callback throws', async () => {
    const thrown: unknown[] = []
    const caught = new Promise<void>((resolve) => {
      jest.spyOn(globalThis, 'setImmediate').mockImplementation(((
        run: (...args: unknown[]) => void,
        ...args: unknown[]
      ) => {
        try {
          run(...args)
        } catch (error) {
          thrown.push(error)
          resolve()
        }
      }) as never)
    })
    const callback = jest.fn(() => {
      throw new Error('thrown by the callback')
    })
    // This store does not need a `setImmediate` of its own.
    const guarded = guardSessionStore(new PrivateStore())
    guarded.set('a', DATA, callback)
    await caught
    jest.restoreAllMocks()
    await new Promise((resolve) => setImmediate(resolve))
    expect(callback).toHaveBeenCalledTimes(1)
    expect(thrown).toEqual([new Error('thrown by the callback')])
  })
})

describeWithRedis('guardSessionStore over connect-redis', (redisServer) => {
  let redis: RedisServer
  beforeAll(async () => (redis = await startRedisServer(redisServer)))
  beforeEach(() => redis.client.flushAll())
  afterAll(() => redis.stop())

  describeGuard(() => new RedisStore({ client: redis.client }))
})

function inAnotherProcess(store: Store, grants: SessionEnds): Store {
  return guardWithin({ timeoutMs: 10_000, clock: systemClock }, store, { grants })
}

function describeGuard(create: () => Store): void {
  let store: Store
  let ends: SessionEnds
  let guarded: Store
  const servers: RunningServer[] = []

  beforeEach(async () => {
    for (const server of servers.splice(0)) await server.close()
    store = create()
    ends = createSessionEnds()
    guarded = guardSessionStore(store, { grants: ends })
  })
  afterAll(async () => {
    for (const server of servers.splice(0)) await server.close()
  })

  const set = (to: Store, id: string, data: SessionData) => called((done) => to.set(id, data, done))
  const destroy = (from: Store, id: string) => called((done) => from.destroy(id, done))
  const get = (from: Store, id: string) =>
    new Promise<SessionData | null>((resolve, reject) => {
      from.get(id, (error, found) => {
        if (error) reject(error as Error)
        else resolve(found ?? null)
      })
    })

  it('keeps, gives back, touches and destroys sessions as the store does', async () => {
    await set(guarded, 'a', DATA)
    expect(await get(guarded, 'a')).toMatchObject({ user: 'ada' })
    expect(await get(store, 'a')).toMatchObject({ user: 'ada' })
    if ('touch' in guarded) await called((done) => guarded.touch?.('a', DATA, done))
    expect(await get(guarded, 'a')).toMatchObject({ user: 'ada' })
    await destroy(guarded, 'a')
    expect(await get(guarded, 'a')).toBeNull()
    expect(await get(store, 'a')).toBeNull()
  })

  it('is the same kind of store', () => {
    expect(guarded).toBeInstanceOf(store.constructor)
    expect(Object.keys(guarded)).toEqual(Object.keys(store))
    const heard: string[] = []
    guarded.on('disconnect', () => heard.push('disconnect'))
    store.emit('disconnect')
    expect(heard).toEqual(['disconnect'])
  })

  it('does not write a session that was destroyed', async () => {
    await set(guarded, 'a', DATA)
    await destroy(guarded, 'a')
    await set(guarded, 'a', DATA)
    expect(await get(store, 'a')).toBeNull()
    await set(guarded, 'b', DATA)
    expect(await get(store, 'b')).toMatchObject({ user: 'ada' })
  })

  it('does not write a session that another process has destroyed', async () => {
    const twin = inAnotherProcess(store, ends)
    await set(guarded, 'a', DATA)
    await destroy(twin, 'a')
    await set(guarded, 'a', DATA)
    expect(await get(store, 'a')).toBeNull()
  })

  it('does not write a session that another guard of the store has destroyed, or destroys it after the write', async () => {
    const bare = create()
    const [one, two] = [guardSessionStore(bare), guardSessionStore(bare)]
    await set(one, 'a', DATA)
    await destroy(one, 'a')
    await set(two, 'a', DATA)
    expect(await get(bare, 'a')).toBeNull()

    const gate = createGate()
    const write = bare.set.bind(bare)
    bare.set = (id, data, done) => void gate.pass().then(() => write(id, data, done))
    const writing = set(one, 'b', DATA)
    await gate.reached
    const destroyed = destroy(two, 'b')
    gate.open()
    await Promise.all([writing, destroyed])
    expect(await get(bare, 'b')).toBeNull()
  })

  it('uses the grants, and the longest time, of all guards of the store', async () => {
    const bare = create()
    const [first, second] = [createSessionEnds(), createSessionEnds()]
    const told = jest.spyOn(first, 'endSession')
    const one = guardSessionStore(bare, { grants: first, longestRequestMs: 7 })
    guardSessionStore(bare, { grants: second, longestRequestMs: 9 })
    guardSessionStore(bare, { longestRequestMs: 5 })
    await destroy(one, 'a')
    expect(told).toHaveBeenCalledWith('a', 9)
    expect(await second.isSessionEnded('a')).toBe(true)
    await second.endSession('b', 9)
    await set(one, 'b', DATA)
    expect(await get(bare, 'b')).toBeNull()
  })

  it('destroys a session again that another process has destroyed while it was written', async () => {
    const twin = inAnotherProcess(store, ends)
    const gate = createGate()
    const write = store.set.bind(store)
    store.set = (id, data, done) => void gate.pass().then(() => write(id, data, done))
    const writing = set(guarded, 'a', DATA)
    await gate.reached
    await destroy(twin, 'a')
    gate.open()
    await writing
    expect(await get(store, 'a')).toBeNull()
  })

  it('destroys a session after the write that is under way, and leaves out those that wait', async () => {
    const gate = createGate()
    const write = store.set.bind(store)
    const written: unknown[] = []
    store.set = (id, data, done) => {
      written.push(data)
      void gate.pass().then(() => write(id, data, done))
    }
    const first = set(guarded, 'a', DATA)
    const second = set(guarded, 'a', DATA)
    await gate.reached
    const destroyed = destroy(guarded, 'a')
    gate.open()
    await Promise.all([first, second, destroyed])
    expect(written).toHaveLength(1)
    expect(await get(store, 'a')).toBeNull()
  })

  it('forgets after longestRequestMs', async () => {
    const spied = jest.spyOn(ends, 'endSession')
    await destroy(guarded, 'a')
    await destroy(guardSessionStore(create(), { grants: ends, longestRequestMs: 5 }), 'b')
    expect(spied.mock.calls).toEqual([
      ['a', 3_600_000],
      ['b', 5],
    ])
  })

  it('hands on the errors of the store', async () => {
    store.set = (_id, _data, done) => done?.(new Error('cannot write'))
    await expect(set(guarded, 'a', DATA)).rejects.toEqual(
      new StorageError('Writing the session', new Error('cannot write')),
    )
    store.destroy = (_id, done) => done?.(new Error('cannot destroy'))
    await expect(destroy(guarded, 'a')).rejects.toEqual(
      new StorageError('Destroying the session', new Error('cannot destroy')),
    )
  })

  describe('while the grants cannot be reached', () => {
    const down = new StorageError('Reaching the grants', new Error('down'))

    /** Lets more time pass than telling the others may take, and waits until `work` is done. */
    async function meanwhile(work: Promise<unknown>): Promise<void> {
      for (let passedMs = 0; passedMs < 6_000; passedMs += 100) {
        await setTimeout(1)
        clock.advance(100)
      }
      await work
    }

    let clock: ManualClock
    beforeEach(() => {
      clock = createManualClock()
      guarded = guardWithin({ timeoutMs: 10_000, clock }, store, { grants: ends })
    })

    it('destroys sessions all the same, and this process remembers it', async () => {
      await set(guarded, 'a', DATA)
      jest.spyOn(ends, 'endSession').mockRejectedValue(down)
      await meanwhile(destroy(guarded, 'a'))
      expect(await get(store, 'a')).toBeNull()
      await set(guarded, 'a', DATA)
      expect(await get(store, 'a')).toBeNull()
    })

    it('tries again to tell the others before it is done', async () => {
      const spied = jest.spyOn(ends, 'endSession').mockRejectedValueOnce(down)
      await meanwhile(destroy(guarded, 'a'))
      expect(spied).toHaveBeenCalledTimes(2)
      expect(await ends.isSessionEnded('a')).toBe(true)
    })

    it('destroys a session again that another process has restored before it was told', async () => {
      const other = inAnotherProcess(store, ends)
      const spied = jest.spyOn(ends, 'endSession').mockRejectedValue(down)
      await meanwhile(destroy(guarded, 'a'))
      await set(other, 'a', DATA)
      expect(await get(store, 'a')).toMatchObject(DATA)
      spied.mockRestore()
      await meanwhile(until(async () => (await get(store, 'a')) === null))
      await set(other, 'a', DATA)
      expect(await get(store, 'a')).toBeNull()
    })

    it('writes no session that another process may have destroyed', async () => {
      const spied = jest.spyOn(ends, 'isSessionEnded').mockRejectedValue(down)
      await expect(set(guarded, 'a', DATA)).rejects.toThrow(down)
      spied.mockRejectedValue(new Error('raw'))
      await expect(set(guarded, 'a', DATA)).rejects.toEqual(
        new StorageError('Looking whether the session has ended', new Error('raw')),
      )
      spied.mockImplementation(() => {
        throw new Error('thrown')
      })
      await expect(set(guarded, 'a', DATA)).rejects.toThrow(StorageError)
      expect(await get(store, 'a')).toBeNull()
    })

    it('tells them as soon as they can be reached again', async () => {
      const spied = jest.spyOn(ends, 'endSession').mockRejectedValue(down)
      await meanwhile(Promise.all(['a', 'b'].map((id) => destroy(guarded, id))))
      expect(await ends.isSessionEnded('a')).toBe(false)
      spied.mockRestore()
      const isTold = (id: string): Promise<boolean> => ends.isSessionEnded(id)
      await meanwhile(until(async () => (await isTold('a')) && (await isTold('b'))))
    })
  })

  it('works without callbacks', async () => {
    guarded.set('a', DATA)
    guarded.destroy('a')
    await destroy(guarded, 'a')
    await set(guarded, 'a', DATA)
    expect(await get(store, 'a')).toBeNull()
  })

  describe('under express-session', () => {
    let server: RunningServer
    let browser: Browser
    let slow = createGate()

    beforeEach(async () => {
      slow = createGate()
      browser = new Browser()
      const app = express()
      app.use(session({ secret: 'x', resave: false, saveUninitialized: false, store: guarded }))
      app.get('/set', (req, res) => {
        Object.assign(req.session, { user: req.query['user'] })
        res.end()
      })
      app.get('/slow', (req, res, next) => {
        slow.pass().then(() => {
          Object.assign(req.session, { user: 'slow' })
          res.end()
        }, next)
      })
      app.get('/stream', (req, res, next) => {
        req.session.regenerate(() => {
          Object.assign(req.session, { user: 'streaming' })
          req.session.save(() => {
            res.write('begun')
            slow.pass().then(() => {
              Object.assign(req.session, { user: 'slow' })
              res.end()
            }, next)
          })
        })
      })
      app.get('/slow-stream', (req, res, next) => {
        res.write('begun')
        slow.pass().then(() => {
          Object.assign(req.session, { user: 'slow' })
          res.end()
        }, next)
      })
      app.get('/get', (req, res) => res.json({ user: userOf(req) ?? null }))
      app.get('/reload', (req, res, next) => {
        req.session.reload((error: unknown) => {
          if (error) next(error)
          else res.json({ user: userOf(req) ?? null })
        })
      })
      app.get('/regenerate', (req, res, next) => {
        req.session.regenerate((error: unknown) => {
          if (error) {
            next(error)
            return
          }
          Object.assign(req.session, { user: 'regenerated' })
          res.end()
        })
      })
      app.get('/destroy', (req, res, next) => {
        req.session.destroy((error: unknown) => {
          if (error) next(error)
          else res.end()
        })
      })
      server = await listen(app)
      servers.push(server)
    })

    const visit = (path: string) => browser.visit(server.origin + path)

    it('sessions come and go', async () => {
      expect(bodyOf(await visit('/get'))).toEqual({ user: null })
      await visit('/set?user=ada')
      expect(bodyOf(await visit('/get'))).toEqual({ user: 'ada' })
      expect(bodyOf(await visit('/reload'))).toEqual({ user: 'ada' })
      await visit('/set?user=grace')
      expect(bodyOf(await visit('/get'))).toEqual({ user: 'grace' })
      await visit('/destroy')
      expect(bodyOf(await visit('/get'))).toEqual({ user: null })
      await visit('/set?user=again')
      expect(bodyOf(await visit('/get'))).toEqual({ user: 'again' })
    })

    it('a regenerated session has another id, and the old one stays destroyed', async () => {
      await visit('/set?user=ada')
      const old = sessionIdOf(browser, server.origin) ?? ''
      const slowly = visit('/slow')
      await slow.reached
      await visit('/regenerate')
      const cookies = [...browser.cookies(server.origin)]
      slow.open()
      expect((await slowly).status).toBe(200)

      expect(sessionIdOf(browser, server.origin)).not.toBe(old)
      expect(await get(store, old)).toBeNull()
      for (const [name, value] of cookies) browser.setCookie(server.origin, name, value)
      expect(bodyOf(await visit('/get'))).toEqual({ user: 'regenerated' })
    })

    it('a slow request does not bring a destroyed session back', async () => {
      await visit('/set?user=ada')
      const id = sessionIdOf(browser, server.origin) ?? ''
      const slowly = visit('/slow')
      await slow.reached
      await visit('/destroy')
      slow.open()
      expect((await slowly).status).toBe(200)
      expect(await get(store, id)).toBeNull()
      expect(bodyOf(await visit('/get'))).toEqual({ user: null })
    })

    it.each([
      ['/stream', 'this process'],
      ['/stream', 'another process'],
      ['/slow-stream', 'this process'],
      ['/slow-stream', 'another process'],
    ])(
      'a request that streams its answer does not bring a destroyed session back: %s, %s',
      async (path, where) => {
        await visit('/set?user=ada')
        const cookie = [...browser.cookies(server.origin)].map((pair) => pair.join('=')).join('; ')
        const streaming = await fetch(server.origin + path, { headers: { cookie } })
        await slow.reached
        // The browser has the session's id from the headers, if it is a new one.
        const [given = cookie] = streaming.headers.getSetCookie()
        const id = /=s(?:%3A|:)([^.]+)/.exec(given)?.[1] ?? ''
        expect(await get(store, id)).not.toBeNull()
        if (where === 'another process') {
          await destroy(guardSessionStore(store, { grants: ends }), id)
        } else {
          const [own = ''] = given.split(';')
          await fetch(`${server.origin}/destroy`, { headers: { cookie: own } })
        }
        expect(await get(store, id)).toBeNull()
        slow.open()
        await streaming.text()
        expect(await get(store, id)).toBeNull()
      },
    )

    it('a session that was loaded by its id is guarded, too', async () => {
      await visit('/set?user=ada')
      const id = sessionIdOf(browser, server.origin) ?? ''
      const loaded = await new Promise<Session>((resolve) => {
        guarded.load(id, (_error, found) => resolve(found as Session))
      })
      const nothing = await new Promise((resolve) => {
        guarded.load('unknown', (error: unknown, found) => resolve([error, found]))
      })
      expect(nothing).toEqual([undefined, undefined])
      await visit('/destroy')
      await called((done) => loaded.save(done))
      expect(await get(store, id)).toBeNull()
    })

    it('reading costs nothing, a new session nothing, changing one two looks, ending one a note', async () => {
      const look = jest.spyOn(ends, 'isSessionEnded')
      const note = jest.spyOn(ends, 'endSession')
      const costs = async (path: string): Promise<readonly number[]> => {
        look.mockClear()
        note.mockClear()
        await visit(path)
        return [look.mock.calls.length, note.mock.calls.length]
      }
      expect(await costs('/get')).toEqual([0, 0])
      expect(await costs('/set?user=ada')).toEqual([0, 0])
      expect(await costs('/get')).toEqual([0, 0])
      expect(await costs('/reload')).toEqual([0, 0])
      expect(await costs('/set?user=grace')).toEqual([2, 0])
      expect(await costs('/regenerate')).toEqual([0, 1])
      expect(await costs('/destroy')).toEqual([0, 1])
    })
  })
}

function userOf(req: Request): unknown {
  return (req.session as unknown as { user?: unknown }).user
}

function called(work: (done: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    work((error) => {
      if (error)
        reject(error instanceof Error ? error : new Error('The store failed', { cause: error }))
      else resolve()
    })
  })
}
