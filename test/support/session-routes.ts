import type { Express, NextFunction, Request, Response } from 'express'
import type { AuthorizationCodeStrategy } from '../../src/index.js'
import { createGate } from './gate.js'
import type { Gate } from './gate.js'
import { renewedToken } from './renewed-token.js'

/** What an application does with its sessions and tokens. */
export interface SessionRoutes {
  /** Holds `/slow-note` between the beginning of its request and its end; a new one for each test that needs more. */
  slow: Gate
  /** Resolves when so many more requests have come to the application. */
  arrivals(count: number): Promise<void>
  /** Adds the routes; the `routes` of an application under test. */
  readonly add: (app: Express, strategy: AuthorizationCodeStrategy) => void
}

type Handler = (req: Request, res: Response) => Promise<unknown>

/**
 * `/note?text=…` changes the session at once, `/slow-note?text=…` when its gate opens, and `/read` shows
 * it, `/destroy` ends it; `/renewed` renews in any case, `/resource` uses the token, `/end-grant` ends the grant.
 */
export function sessionRoutes(resourceURL: string): SessionRoutes {
  let arrive = (): void => undefined
  const routes: SessionRoutes = {
    slow: createGate(),
    arrivals: (count) =>
      new Promise((resolve) => {
        let left = count
        arrive = () => {
          left -= 1
          // When this one, too, has gone on to its handler.
          if (left === 0) setImmediate(resolve)
        }
      }),
    add(app, strategy) {
      app.use((_req, _res, next) => {
        arrive()
        next()
      })
      const get = (path: string, handler: Handler): void => {
        app.all(path, (req: Request, res: Response, next: NextFunction) => {
          handler(req, res).catch(next)
        })
      }
      get('/note', async (req, res) => {
        note(req)
        res.end()
        return Promise.resolve()
      })
      get('/slow-note', async (req, res) => {
        await routes.slow.pass()
        note(req)
        res.end()
      })
      get('/slow', async (_req, res) => {
        await routes.slow.pass()
        res.end()
      })
      get('/token-and-note', async (req, res) => {
        await strategy.accessToken(req)
        note(req)
        res.end()
      })
      get('/destroy', async (req, res) => {
        await new Promise((resolve) => req.session.destroy(resolve))
        res.end()
      })
      get('/read', async (req, res) => {
        res.json({ notes: notesOf(req) })
        return Promise.resolve()
      })
      get('/renewed', async (req, res) => {
        res.json({ accessToken: await renewedToken(strategy, req) })
      })
      get('/resource', async (req, res) => {
        const answer = await strategy.fetch(req, resourceURL, {
          method: req.method,
          ...(typeof req.query['body'] === 'string' && { body: req.query['body'] }),
        })
        res
          .status(answer.status)
          .type('json')
          .send(await answer.text())
      })
      get('/end-grant', async (req, res) => {
        await strategy.endGrant(req)
        res.end()
      })
    },
  }
  return routes
}

function note(req: Request): void {
  Object.assign(req.session, { notes: [...notesOf(req), req.query['text']] })
}

function notesOf(req: Request): readonly unknown[] {
  const { notes = [] } = req.session as { notes?: readonly unknown[] }
  return notes
}
