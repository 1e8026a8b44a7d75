import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  discover,
  gitlab,
  keycloak,
} from '../../src/index.js'
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
  readonly tokenURL?: string
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

const REFUSED_TWO_AND_ONE = expect.objectContaining({
  code: 'ERR_CONFIGURATION',
  message: expect.stringContaining(
    "Two providers have the name 'oauth2': two.example and one.example",
  ),
})

interface Routes {
  readonly app: express.Express
  readonly login: (path: string, strategy: string | passport.Strategy) => void
}

/** An application whose routes go through a Passport instance. */
async function start(routes: (given: Routes) => void, instance: passport.Authenticator = passport) {
  const errors: unknown[] = []
  const app = express()
  app.use(session({ secret: 'a secret', resave: false, saveUninitialized: false }))
  routes({
    app,
    login: (path, strategy) =>
      void app.get(path, instance.authenticate(strategy) as express.RequestHandler),
  })
  app.use(((error, _req, res, _next) => {
    errors.push(error)
    res.status(500).end()
  }) as express.ErrorRequestHandler)
  const server = await listen(app)
  closing.push(() => server.close())
  const statusOf = async (path: string): Promise<number> =>
    (await new Browser().visit(`${server.origin}${path}`)).status
  return { errors, statusOf }
}

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

  it('is refused when only its token endpoint is another', () => {
    passport.use(strategyAt('https://one.example'))
    const tokenURL = 'https://one.example/other-tenant/token'

    expect(() => strategyAt('https://one.example', { tokenURL })).toThrow(
      /'oauth2': https:\/\/one\.example\/token and https:\/\/one\.example\/other-tenant\/token/,
    )
  })

  it('is refused when the metadata of both are read later', () => {
    const late = (issuer: string): AuthorizationCodeStrategy =>
      new AuthorizationCodeStrategy({
        ...discover.lazy(issuer),
        name: 'oauth2',
        clientID: 'client',
        clientSecret: 'secret',
        callbackURL: 'https://app.example/auth/callback',
      })
    passport.use(late('https://one.example'))

    expect(() => late('https://two.example')).toThrow(REFUSED)
    expect(() => late('https://one.example/a')).toThrow(
      /'oauth2': https:\/\/one\.example and https:\/\/one\.example\/a/,
    )
    expect(() => late('https://one.example')).not.toThrow()
  })

  it('logs nobody in when both were made before, and used as objects', async () => {
    const [two, one] = [strategyAt('https://two.example'), strategyAt('https://one.example')]
    passport.use(two)
    const app = await start(({ login }) => {
      login('/login', one)
      login('/login-2', 'oauth2')
    })

    expect(await app.statusOf('/login')).toBe(500)
    expect(app.errors).toEqual([REFUSED_TWO_AND_ONE])
    expect(await app.statusOf('/login-2')).toBe(302)
  })

  it('logs nobody in when Passport knows neither', async () => {
    const [two, one] = [strategyAt('https://two.example'), strategyAt('https://one.example')]
    const app = await start(({ login }) => {
      login('/login-2', two)
      login('/login', one)
    })

    expect(await app.statusOf('/login-2')).toBe(302)
    expect(await app.statusOf('/login')).toBe(500)
    expect(app.errors).toEqual([REFUSED_TWO_AND_ONE])
    expect(await app.statusOf('/login-2')).toBe(302)
    expect(two.name).toBe('oauth2')
  })

  it('logs nobody in when Passport knows both by other names', async () => {
    const [two, one] = [strategyAt('https://two.example'), strategyAt('https://one.example')]
    passport.use('x', one)
    passport.use('y', two)
    const app = await start(({ login }) => login('/login', 'x'))

    expect(await app.statusOf('/login')).toBe(500)
  })

  it('is refused when it has replaced the first one, which is asked for a token', async () => {
    const [one, two] = [strategyAt('https://one.example'), strategyAt('https://two.example')]
    passport.use(one)
    passport.use(two)
    const app = await start(({ app: routes }) => {
      routes.get('/token', (req, _res, next) => void one.accessToken(req).catch(next))
      routes.get('/fetch', (req, _res, next) => {
        one.fetch(req, 'https://api.example').catch(next)
      })
    })

    expect(await app.statusOf('/token')).toBe(500)
    expect(await app.statusOf('/fetch')).toBe(500)
    expect(app.errors).toEqual([REFUSED_TWO_AND_ONE, REFUSED_TWO_AND_ONE])
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

  it('when a strategy that is used as an object is made anew for the same provider', async () => {
    const app = await start(({ login }) => {
      login('/login', strategyAt('https://one.example', { name: 'anew' }))
      login('/login-2', strategyAt('https://one.example', { name: 'anew', clientID: 'another' }))
    })

    expect([await app.statusOf('/login'), await app.statusOf('/login-2')]).toEqual([302, 302])
  })

  it('when the first one was only made, as tests do with many', async () => {
    const many = ['a', 'b', 'c'].map((host) =>
      strategyAt(`https://${host}.example`, { name: 'many' }),
    )
    const app = await start(({ login }) => login('/login', many[2] ?? 'none'))

    expect(await app.statusOf('/login')).toBe(302)
  })

  it('when Passport has been told to forget the first one, which was in use', async () => {
    const one = strategyAt('https://one.example', { name: 'tenant' })
    passport.use(one)
    const app = await start(({ login }) => login('/login', 'tenant'))
    expect(await app.statusOf('/login')).toBe(302)
    passport.unuse('tenant')
    passport.use(strategyAt('https://two.example', { name: 'tenant' }))

    expect(await app.statusOf('/login')).toBe(302)
    expect(one.name).toBe('tenant')
  })

  it('when each has a Passport instance of its own', async () => {
    const instances = [new passport.Passport(), new passport.Passport()]
    const apps = instances.map((instance, index) => {
      instance.use(strategyAt(`https://${index}.example`, { name: 'instance' }))
      return start(({ login }) => login('/login', 'instance'), instance)
    })
    for (const app of await Promise.all(apps)) expect(await app.statusOf('/login')).toBe(302)
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
