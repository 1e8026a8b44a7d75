import { describe, expect, it } from '@jest/globals'
import express from 'express'
import session from 'express-session'
import { Passport } from 'passport'
import { Browser, listen } from '../support/http.js'
import { readGuide } from '../support/documentation.js'

/** The message of the error that a request for `/` leads to. */
async function messageOf(
  set: (app: express.Express, passport: InstanceType<typeof Passport>) => void,
): Promise<string> {
  const app = express()
  set(app, new Passport())
  let message = ''
  const remember: express.ErrorRequestHandler = (error: Error, _req, res, _next) => {
    ;({ message } = error)
    res.sendStatus(500)
  }
  app.use(remember)
  const server = await listen(app)
  await new Browser().visit(server.origin)
  await server.close()
  return message
}

const sessions = () => session({ secret: 'a secret', resave: false, saveUninitialized: false })

describe('the errors of Passport in docs/errors.md', () => {
  it.each<[string, Parameters<typeof messageOf>[0]]>([
    [
      'Login sessions require session support. Did you forget to use `express-session` middleware?',
      (app, passport) => app.use(passport.session()).use(sessions()),
    ],
    [
      'Failed to serialize user into session',
      (app, passport) => {
        app.use(sessions()).use(passport.session())
        app.use((req, _res, next) => req.logIn({}, next))
      },
    ],
    [
      'Failed to deserialize user out of session',
      (app, passport) => {
        app.use(sessions()).use((req, _res, next) => {
          Object.assign(req.session, { passport: { user: 'ada' } })
          next()
        })
        app.use(passport.session())
      },
    ],
    [
      'Unknown authentication strategy "google"',
      (app, passport) =>
        app.use(sessions()).use(passport.authenticate('google') as express.RequestHandler),
    ],
  ])('%s: that is what Passport says', async (message, set) => {
    expect(await messageOf(set)).toBe(message)
    const { text } = await readGuide('docs/errors.md')
    expect(text).toContain(message.replace('google', '…'))
  })
})
