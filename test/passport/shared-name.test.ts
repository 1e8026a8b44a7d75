import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { AuthorizationCodeStrategy, authRouter, gitlab, keycloak } from '../../src/index.js'
import { Browser, listen } from '../support/http.js'

const registered = passport as unknown as { readonly _strategies: Record<string, unknown> }
const closing: (() => Promise<void>)[] = []

beforeEach(forget)
afterEach(async () => {
  forget()
  for (const close of closing.splice(0)) await close()
})

function forget(): void {
  for (const name of Object.keys(registered._strategies)) passport.unuse(name)
}

interface Given {
  readonly name?: string
  readonly clientID?: string
}

/** A strategy for the provider at `origin`. */
function strategyAt(origin: string, given: Given = {}): AuthorizationCodeStrategy {
  return new AuthorizationCodeStrategy({
    authorizationURL: `${origin}/authorize`,
    tokenURL: `${origin}/token`,
    clientID: 'client',
    clientSecret: 'secret',
    callbackURL: 'https://app.example/auth/callback',
    ...given,
  })
}

const REFUSED = expect.objectContaining({
  code: 'ERR_CONFIGURATION',
  option: 'name',
  message: expect.stringMatching(
    /^Two providers have the name 'oauth2': one\.example and two\.example\..*name: 'oauth2-2'/,
  ),
})

describe('a second provider with the same name', () => {
  it('is refused at start when the first one was registered with passport.use', () => {
    passport.use(strategyAt('https://one.example'))

    expect(() => passport.use(strategyAt('https://two.example'))).toThrow(REFUSED)
  })

  it('is refused at start when the first one was mounted by authRouter', () => {
    authRouter(strategyAt('https://one.example'))

    expect(() => strategyAt('https://two.example')).toThrow(REFUSED)
  })

  it('is refused by authRouter when both were made before', () => {
    const [one, two] = [strategyAt('https://one.example'), strategyAt('https://two.example')]
    authRouter(one)

    expect(() => authRouter(two)).toThrow(REFUSED)
  })

  it('is refused when Passport knows the first one by another name', () => {
    passport.use('mine', strategyAt('https://one.example'))

    expect(() => strategyAt('https://two.example')).toThrow(REFUSED)
  })

  it('is refused when a subclass changes its name', () => {
    passport.use(strategyAt('https://one.example'))
    const two = strategyAt('https://two.example', { name: 'two' })
    two.name = 'oauth2'

    expect(() => authRouter(two)).toThrow(REFUSED)
  })

  it('logs nobody in when both were made before, and used as objects', async () => {
    const [two, one] = [strategyAt('https://two.example'), strategyAt('https://one.example')]
    passport.use(two)
    const errors: unknown[] = []
    const app = express()
    app.use(session({ secret: 'a secret', resave: false, saveUninitialized: false }))
    app.get('/login', passport.authenticate(one) as express.RequestHandler)
    app.get('/login-2', passport.authenticate('oauth2') as express.RequestHandler)
    app.use(((error, _req, res, _next) => {
      errors.push(error)
      res.status(500).end()
    }) as express.ErrorRequestHandler)
    const server = await listen(app)
    closing.push(() => server.close())

    const browser = new Browser()
    expect((await browser.visit(`${server.origin}/login`)).status).toBe(500)
    expect(errors).toEqual([
      expect.objectContaining({
        message: expect.stringContaining("Two providers have the name 'oauth2'"),
      }),
    ])
    expect((await browser.visit(`${server.origin}/login-2`)).status).toBe(302)
  })
})

describe('a name is not refused', () => {
  it('when the two providers have different ones', () => {
    passport.use(strategyAt('https://one.example'))
    passport.use(strategyAt('https://two.example', { name: 'two' }))

    expect(Object.keys(registered._strategies)).toEqual(['oauth2', 'two'])
  })

  it('when a strategy replaces another one of the same provider', () => {
    passport.use(strategyAt('https://one.example'))
    passport.use(strategyAt('https://one.example', { clientID: 'another' }))
    authRouter(strategyAt('https://one.example'))

    expect(Object.keys(registered._strategies)).toEqual(['oauth2'])
  })

  it('when a strategy of another kind has it, even at another address', () => {
    passport.use({ name: 'oauth2', authenticate: () => undefined } as passport.Strategy)

    expect(() => authRouter(strategyAt('https://two.example'))).not.toThrow()
  })

  it('when a test starts one provider after the other on this machine', () => {
    authRouter(strategyAt('http://127.0.0.1:4001'))

    expect(() => authRouter(strategyAt('http://127.0.0.1:4002'))).not.toThrow()
  })

  it('when the names come from the addresses of two servers', () => {
    const client = {
      clientID: 'client',
      clientSecret: 'secret',
      callbackURL: 'https://app.example/auth/callback',
    }
    for (const provider of [
      gitlab(),
      gitlab('https://git.example.com'),
      keycloak('https://login.example.com/realms/a'),
      keycloak('https://login.example.com/realms/b'),
    ]) {
      authRouter(new AuthorizationCodeStrategy({ ...provider, ...client }))
    }

    expect(Object.keys(registered._strategies)).toEqual([
      'gitlab',
      'gitlab-git.example.com',
      'keycloak-login.example.com_realms_a',
      'keycloak-login.example.com_realms_b',
    ])
  })
})
