import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import { MemoryStore } from 'express-session'
import type { SessionData } from 'express-session'
import fc from 'fast-check'
import { guardSessionStore } from '../../src/index.js'
import { createEndedSessions } from '../../src/session/ended-sessions.js'
import { createManualClock } from '../support/manual-clock.js'

// As many sessions as are remembered take seconds on a busy machine.
jest.setTimeout(120_000)

type Fields = Readonly<Record<string, unknown>>

const BEGUN = { 'oauth2:oauth2': { pending: [{ id: 'a', createdAt: 1 }] } }
const UNSORTED = 10_000
const SORTED = 100_000

/** A store that answers with the same session for each id, and notes what it is asked for. */
class EndlessStore extends MemoryStore {
  content: Fields | Error | undefined
  reads = 0
  readonly written = new Set<string>()

  override get(_id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    this.reads += 1
    if (this.content instanceof Error) done(this.content)
    else done(null, this.content && ({ cookie: {}, ...this.content } as unknown as SessionData))
  }

  override set(id: string, _data: SessionData, done?: (error?: unknown) => void): void {
    this.written.add(id)
    done?.()
  }

  override destroy(_id: string, done?: (error?: unknown) => void): void {
    done?.()
  }
}

describe('the ends of sessions that a guarded store remembers', () => {
  let store: EndlessStore
  let guarded: EndlessStore
  beforeEach(() => {
    store = new EndlessStore()
    guarded = guardSessionStore(store)
  })

  const destroy = (id: string): Promise<void> =>
    new Promise((resolve, reject) => {
      guarded.destroy(id, (error: unknown) => {
        if (error instanceof Error) reject(error)
        else resolve()
      })
    })

  async function destroyMany(name: string, count: number, content: Fields | Error | undefined) {
    store.content = content
    for (let from = 0; from < count; from += 1_000) {
      const ids = Array.from({ length: Math.min(1_000, count - from) }, (_, at) => from + at)
      await Promise.all(ids.map((number) => destroy(`${name}-${number}`)))
    }
  }

  /** Whether a slow request that has loaded the session can no longer write it. */
  async function isRemembered(id: string): Promise<boolean> {
    await new Promise((resolve) => guarded.set(id, { cookie: {} } as never, resolve))
    return !store.written.has(id)
  }

  it('are limited if nobody was logged in, and push out none of a login', async () => {
    await destroyMany('early', UNSORTED, { passport: { user: 'ada' } })
    await destroyMany('login', 1, { passport: { user: 'ada' } })
    await destroyMany('connected', 1, { 'oauth2:other': { grant: 'id' } })
    await destroyMany('token', 1, { 'oauth2:other': { entry: { id: 'id' } } })
    await destroyMany('refused', 1, { 'oauth2:other': { oauth2GrantEnded: true } })
    // Passport's `req.logout` saves the session without the user before it destroys it.
    await destroyMany('logout', 1, { passport: {} })
    await destroyMany('unreadable', 1, new Error('down'))
    // Whoever ends a session once more finds nothing of it.
    store.content = undefined
    await destroy('login-0')
    await destroyMany('stranger', 2, BEGUN)
    await destroyMany('nobody', 1, undefined)
    await destroyMany('flood', SORTED - 1, BEGUN)

    for (const id of ['early-0', `early-${UNSORTED - 1}`]) expect(await isRemembered(id)).toBe(true)
    for (const name of ['login', 'connected', 'token', 'refused', 'logout', 'unreadable']) {
      expect([name, await isRemembered(`${name}-0`)]).toEqual([name, true])
    }
    expect(await isRemembered('stranger-0')).toBe(false)
    expect(await isRemembered('stranger-1')).toBe(false)
    expect(await isRemembered('nobody-0')).toBe(true)
    expect(await isRemembered(`flood-${SORTED - 2}`)).toBe(true)
  })

  it('are limited if people were logged in: the oldest one goes first', () => {
    const dropped: string[] = []
    const ends = createEndedSessions(createManualClock(), (id) => dropped.push(id))
    for (let number = 0; number <= SORTED; number++) {
      ends.add(`login-${number}`, 1_000)
      ends.sort(`login-${number}`, true, 1_000)
    }
    expect(dropped).toEqual(['login-0'])
    expect([ends.has('login-0'), ends.has('login-1')]).toEqual([false, true])
  })

  it('go in the order of their ends, also if some are ended again or sorted meanwhile', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            do: fc.constantFrom('add', 'sort with', 'sort without', 'pass'),
            id: fc.constantFrom('a', 'b', 'c', 'd'),
          }),
          { maxLength: 80 },
        ),
        (steps) => {
          const clock = createManualClock()
          const ends = createEndedSessions(clock, () => undefined)
          const until = new Map<string, number>()
          const unsorted = new Set<string>()
          const withLogin = new Set<string>()
          for (const { do: what, id } of steps) {
            if (what === 'pass') clock.advance(3)
            ends.dropOld()
            for (const [other, end] of until) {
              if (end > clock.monotonic()) continue
              until.delete(other)
              unsorted.delete(other)
              withLogin.delete(other)
            }
            if (what === 'add') ends.add(id, 10)
            else if (what !== 'pass') ends.sort(id, what === 'sort with', 10)
            const isSorted = what.startsWith('sort') && unsorted.delete(id)
            if (isSorted && what === 'sort with') withLogin.add(id)
            if (what === 'add' && !withLogin.has(id)) unsorted.add(id)
            if (what === 'add' || isSorted) until.set(id, clock.monotonic() + 10)
            const kept = ['a', 'b', 'c', 'd'].filter((one) => ends.has(one))
            expect(kept).toEqual([...until.keys()].sort())
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('cost no look into the store while there are few', async () => {
    await destroyMany('few', UNSORTED, BEGUN)
    expect(store.reads).toBe(0)
    await destroyMany('more', 1, BEGUN)
    expect(store.reads).toBe(1)
  })
})
