import type { Express } from 'express'
import { PAGE_MARKER } from './messages.js'
import type { Fault } from './messages.js'
import { APP_SECRETS } from './secrets.js'

const leaked: unknown[] = []

/** Makes the application faulty on purpose, in one way. */
export function misbehave(app: Express, fault: Fault): void {
  app.use((_req, res, next) => {
    switch (fault) {
      case 'leak':
        // A few requests are enough, on a busy machine too.
        leaked.push(Array.from({ length: 100_000 }, (_value, index) => ({ index })))
        break
      case 'rejection':
        void Promise.reject(new Error('Nobody handles this'))
        break
      case 'secret':
        res.set('x-debug', APP_SECRETS.client)
        break
      case 'end':
        process.exit(3)
        break
      case 'open page':
      case 'deaf':
        break
    }
    next()
  })
  if (fault === 'open page') {
    app.get('/page', (_req, res) => res.send(`${PAGE_MARKER}honest-somebody`))
  }
  if (fault === 'deaf') {
    // As if a hostile answer had blocked all logins.
    app.get('/plain/callback', (_req, res) => res.status(503).end())
  }
}
