import { beforeEach, describe, expect, it } from '@jest/globals'
import type { RequestHandler } from 'express'
import passport from 'passport'
import { AuthorizationCodeStrategy } from '../../src/index.js'
import type { Verify } from '../../src/index.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, ONE_LOGIN, startLogin } from '../support/login.js'
import { setScene } from '../support/scene.js'

const scene = setScene()

beforeEach(() => {
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user: Express.User, done) => done(null, user))
})

type Done = (error?: unknown, user?: unknown, info?: unknown) => void

/** As Passport's strategies and Nest's `PassportStrategy` write it: TypeScript knows `verify` without `done`. */
type AnyVerify = (
  ...given: [login: { profile?: { id?: string } | undefined }, done: Done]
) => unknown

/** Logs in, and resolves to what the application has got, or the error it has. */
async function logIn(verify: AnyVerify): Promise<unknown> {
  const app = await scene.start({
    verify: verify as unknown as Verify,
    routes: (router, strategy) => {
      const handler: RequestHandler = (req, res, next) => {
        const handle = passport.authenticate(
          strategy,
          { session: false },
          (error: unknown, user: unknown, info: object | undefined, status: unknown) => {
            const said = { ...info, tokens: undefined }
            if (error) res.json({ error: (error as Error).message })
            else res.json({ user, info: said, status })
          },
        ) as RequestHandler
        handle(req, res, next)
      }
      router.get('/auth/callback', handler)
    },
  })
  const browser = new Browser()
  const { callback } = await startLogin(browser, app.loginURL)
  const body = bodyOf(await browser.visit(callback))
  expect(asked(scene.provider)).toEqual(ONE_LOGIN)
  return body
}

const ADA = { id: 'ada' }
const REFUSED = { user: false, status: 403 }
const message = 'This account may not log in here.'

describe('verify that calls done', () => {
  it.each<readonly [string, AnyVerify, unknown]>([
    ['as Passport does', (_login, done) => done(null, ADA), { user: ADA, info: {} }],
    ['later', (_login, done) => void setImmediate(() => done(null, ADA)), { user: ADA, info: {} }],
    [
      'as Nest does, whose function declares no parameter',
      async (...given) => {
        const user = await Promise.resolve({ id: given[0].profile?.id })
        given[1](null, user)
      },
      { user: ADA, info: {} },
    ],
    [
      'with something beside the user',
      (_login, done) => done(null, ADA, { plan: 'gold' }),
      { user: ADA, info: { plan: 'gold' } },
    ],
    ['with no user', (_login, done) => done(null, undefined), { ...REFUSED, info: { message } }],
    [
      'with a reason',
      (_login, done) => done(null, false, 'Not yet'),
      { ...REFUSED, info: { message: 'Not yet' } },
    ],
    ['with an error', (_login, done) => done(new Error('No database')), { error: 'No database' }],
    ['with what is no error', (_login, done) => done('no'), { error: 'verify failed' }],
    [
      'twice: the first call counts',
      (_login, done) => {
        done(null, ADA)
        done(new Error('again'))
        done(null, false)
      },
      { user: ADA, info: {} },
    ],
    [
      'and throws after it: the call counts',
      (_login, done) => {
        done(null, ADA)
        throw new Error('too late')
      },
      { user: ADA, info: {} },
    ],
    [
      'and returns something else, such as the query of a database',
      (_login, done) => {
        setImmediate(() => done(null, false))
        return { sql: 'select' }
      },
      { ...REFUSED, info: { message } },
    ],
    [
      'or rejects before it',
      async (_login, _done) => {
        await Promise.reject(new Error('No database'))
      },
      { error: 'No database' },
    ],
  ])('%s', async (_how, verify, expected) => {
    expect(await logIn(verify)).toMatchObject(expected as object)
  })

  it('after it has returned a user is too late', async () => {
    const verify: AnyVerify = (...given) => {
      setImmediate(() => given[1](null, false))
      return ADA
    }
    expect(await logIn(verify)).toMatchObject({ user: ADA })
  })

  it('has two parameters: the verify of passport-oauth2 is refused at the start', () => {
    const verify = ((_accessToken: string, _refreshToken: string, _profile: object) =>
      false) as unknown as Verify
    const { authorizationURL, tokenURL } = scene.provider
    const options = { authorizationURL, tokenURL, clientID: 'a', clientSecret: 'b' }
    const callbackURL = 'https://app.example/callback'
    expect(() => new AuthorizationCodeStrategy({ ...options, callbackURL }, verify)).toThrow(
      /done\(error, user, info\)/,
    )
  })
})
