import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import type { ErrorRequestHandler, Request, Response } from 'express'
import session, { MemoryStore } from 'express-session'
import type { LoginRequest } from '../../src/lib/login-request.js'
import { fillWhenRegenerated } from '../../src/session/replace-session.js'
import type { FreshSession } from '../../src/session/replace-session.js'
import { StorageError } from '../../src/errors/errors.js'
import { Browser, listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'

/** What a browser sees and the store holds after a login as Passport does it: `regenerate`, then `save`. */
describe('fillWhenRegenerated', () => {
  let store: MemoryStore
  let fresh: FreshSession
  let errors: unknown[]
  let server: RunningServer

  beforeEach(async () => {
    store = new MemoryStore()
    errors = []
    const app = express()
    app.use(session({ secret: 'x', resave: false, saveUninitialized: false, store }))
    app.get('/login', (req: Request, res: Response, next) => {
      const request = req as unknown as LoginRequest
      fillWhenRegenerated(request, req.session, fresh, { timeoutMs: 50 })
      req.session.regenerate((error: unknown) => {
        if (error) {
          next(error)
          return
        }
        Object.assign(req.session, { person: 'ada' })
        req.session.save((failure: unknown) => (failure ? next(failure) : res.end()))
      })
    })
    const failed: ErrorRequestHandler = (error, _req, res, _next) => {
      errors.push(error)
      res.status(500).end()
    }
    app.use(failed)
    server = await listen(app)
  })
  afterEach(() => server.close())

  /** What the store holds, without cookies. */
  function contents(): unknown[] {
    const { sessions } = store as unknown as { sessions: Record<string, string> }
    return Object.values(sessions).map((text) => {
      const fields = JSON.parse(text) as Record<string, unknown>
      return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'cookie'))
    })
  }

  const logIn = async (): Promise<number> =>
    (await new Browser().visit(`${server.origin}/login`)).status

  it('waits for what fills the new session, and saves all in one write', async () => {
    const written: unknown[] = []
    const write = store.set.bind(store)
    store.set = (id, data, done) => {
      written.push(id)
      write(id, data, done)
    }
    fresh = {
      fill: async (one) => {
        await new Promise((resolve) => setImmediate(resolve))
        Object.assign(one, { tokens: 'sealed' })
      },
    }
    expect(await logIn()).toBe(200)
    expect(contents()).toEqual([{ tokens: 'sealed', person: 'ada' }])
    expect(written).toHaveLength(1)
  })

  it.each<[string, FreshSession['fill']]>([
    [
      'throws',
      (one) => {
        Object.assign(one, { tokens: 'sealed' })
        throw new Error('cannot fill')
      },
    ],
    [
      'rejects',
      async (one) => {
        await Promise.resolve(Object.assign(one, { tokens: 'sealed' }))
        throw new Error('cannot fill')
      },
    ],
  ])('fails the login and leaves nothing in the session if that %s', async (_how, fill) => {
    fresh = { fill }
    expect(await logIn()).toBe(500)
    expect(errors).toEqual([new Error('cannot fill')])
    expect(JSON.stringify(contents())).not.toContain('sealed')
    expect(JSON.stringify(contents())).not.toContain('ada')
  })

  it('fails the login if the store does not answer', async () => {
    store.destroy = () => undefined
    fresh = { fill: () => undefined }
    expect(await logIn()).toBe(500)
    expect(errors).toEqual([expect.any(StorageError)])
  })
})
