import { describe, expect, it } from '@jest/globals'
import express from 'express'
import type { Express } from 'express'
import { MemoryStore } from 'express-session'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { partsOf } from '../../src/grants/grants.js'
import { accountName, loginsName } from '../../src/grants/index-names.js'
import { guardSessionStore } from '../../src/index.js'
import type { Grants, GrantStore } from '../../src/index.js'
import { advanceClock } from '../support/clock.js'
import { LIFETIMES, logIn, ME, setEndingScene } from '../support/ending-scene.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { TestApp } from '../support/app.js'
import { setScene } from '../support/scene.js'

const HOUR = 3600
const DAY = 24 * HOUR

const scene = setEndingScene()
const plain = setScene()

/** Whether `requireLogin` lets the browser see a page. */
async function isIn(app: TestApp, browser: Browser): Promise<boolean> {
  const { status, text } = await browser.request(`${app.origin}/private`)
  if (status !== 200 && status !== 401) throw new Error(`HTTP ${status}: ${text}`)
  return status === 200
}

/** Ends everything of the person in the store alone, as a job of another process does. */
async function endAllIn(grants: Grants, strategy: string): Promise<void> {
  const { engine, index } = partsOf(grants)
  for (const name of [loginsName(strategy, ME.account), accountName(strategy, ME.account)]) {
    for await (const ids of index.list(name)) for (const id of ids) await engine.end(id)
  }
}

function sessionsIn(store: MemoryStore): Promise<number> {
  return new Promise((resolve, reject) => {
    store.length((error, length) => (error ? reject(error as Error) : resolve(length ?? 0)))
  })
}

describe.each(LIFETIMES)('a login that ends without its browser (grantLifetime %s)', (lifetime) => {
  it.each([false, true])(
    'ends at once, though nobody has asked for a token before (guardSessionStore: %s)',
    async (isGuarded) => {
      const sessions = new MemoryStore()
      const store = isGuarded
        ? guardSessionStore(sessions, { grants: grantsIn(createMemoryStore()) })
        : sessions
      const app = await scene.start({ lifetime }, {}, store)
      const phone = await logIn(app)
      expect(await app.strategy.endGrant(ME)).toBe(1)
      expect(await sessionsIn(sessions)).toBe(0)
      expect(await isIn(app, phone)).toBe(false)
    },
  )

  it('ends at once in a process that has only seen a request of somebody else', async () => {
    const sessions = new MemoryStore()
    const before = await scene.start({ lifetime }, {}, sessions)
    const phone = await logIn(before)
    const fresh = await scene.start({ lifetime }, {}, sessions)
    await new Browser().visit(`${fresh.origin}/private`)
    expect(await fresh.strategy.endGrant(ME)).toBe(1)
    expect(await sessionsIn(sessions)).toBe(0)
    expect(await isIn(before, phone)).toBe(false)
  })

  it('ends at its next request if another process, without sessions, has ended it, also hours later', async () => {
    const store = createMemoryStore()
    const app = await scene.start({ lifetime }, { grants: grantsIn(store) })
    const phone = await logIn(app)
    expect(await isIn(app, phone)).toBe(true)
    await endAllIn(grantsIn(store), app.strategy.name)
    expect(await isIn(app, phone)).toBe(false)
    advanceClock(3 * HOUR)
    expect(await isIn(app, phone)).toBe(false)
  })

  it('ends at its next request, although that comes when the tombstone is no longer kept', async () => {
    const store = createMemoryStore()
    const sessions = new MemoryStore()
    const app = await scene.start({ lifetime }, { grants: grantsIn(store) }, sessions)
    const phone = await logIn(app)
    await endAllIn(grantsIn(store), app.strategy.name)
    advanceClock(3 * HOUR)
    const other = await scene.start({ lifetime }, { grants: grantsIn(store) }, sessions)
    for (const [name, value] of phone.cookies(app.origin)) {
      phone.setCookie(other.origin, name, value)
    }
    expect(await isIn(other, phone)).toBe(false)
  })

  it('lives as long as its person visits pages, though nobody needs a token', async () => {
    const app = await scene.start({ lifetime })
    const phone = await logIn(app)
    for (let days = 0; days < 40; days += 4) {
      advanceClock(4 * DAY)
      expect(await isIn(app, phone)).toBe(true)
    }
  })

  it('goes on while the store of grants fails or does not answer', async () => {
    const inner = createMemoryStore()
    let state: 'up' | 'failing' | 'silent' = 'up'
    const store: GrantStore = {
      ...inner,
      get: (id) => {
        if (state === 'failing') return Promise.reject(new Error('away'))
        return state === 'silent' ? new Promise(() => undefined) : inner.get(id)
      },
    }
    const app = await scene.start({ lifetime }, { name: 'shaky', grants: grantsIn(store) })
    const phone = await logIn(app)
    state = 'failing'
    expect(await isIn(app, phone)).toBe(true)
    state = 'silent'
    expect(await isIn(app, phone)).toBe(true)
  })
})

describe("an application's own field that looks like the note of an ended grant", () => {
  const noteWhatIsSent = (app: Express): void => {
    app.post('/cart', express.json(), (req, res) => {
      Object.assign(req.session, { cart: req.body as unknown })
      res.end()
    })
  }

  it.each([true, 'some grant'])('logs nobody out (%s)', async (note) => {
    const app = await plain.start({ strategy: { keepSession: ['cart'] }, routes: noteWhatIsSent })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    const body = JSON.stringify({ oauth2GrantEnded: note, grant: 'x' })
    await browser.request(`${app.origin}/cart`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(await isIn(app, browser)).toBe(true)
    await browser.follow(app.loginURL)
    expect(await isIn(app, browser)).toBe(true)
  })
})
