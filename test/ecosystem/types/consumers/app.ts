// What an application has of each entry. It is compiled under each moduleResolution, as a module of both kinds.
import passport from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  discover,
  guardSessionStore,
  requireLogin,
} from 'passport-authorization-code'
import type { AuthorizationCodeOptions, DefaultUser, TokenSet } from 'passport-authorization-code'
import { flowInspector } from 'passport-authorization-code/flow-inspector'
import { PostgresGrants } from 'passport-authorization-code/postgres'
import { RedisGrants } from 'passport-authorization-code/redis'
import { startTestProvider } from 'passport-authorization-code/testing'
import { Pool } from 'pg'
import { createClient } from 'redis'

/** Whether two types are the same one; `any` is the same as none. */
type Same<A, B> = 0 extends 1 & A ? false : [A, B] extends [B, A] ? true : false

export async function main(): Promise<void> {
  const provider = await startTestProvider()
  const client = createClient()
  const grants = new RedisGrants({ client, secret: 'a secret of at least 32 characters' })
  const options: AuthorizationCodeOptions = {
    ...(await discover(provider.options.issuer)),
    clientID: process.env['CLIENT_ID'],
    clientSecret: process.env['CLIENT_SECRET'],
    callbackURL: 'https://app.example/callback',
    grants,
  }
  const strategy = new AuthorizationCodeStrategy(options)
  passport.use(strategy)
  const sealed = new PostgresGrants({
    pool: new Pool(),
    secret: 'a secret of 32 characters or more',
  })
  await sealed.setUp()

  const types: [
    Same<typeof strategy, AuthorizationCodeStrategy<DefaultUser>>,
    Same<ReturnType<typeof strategy.tokens>, Promise<TokenSet | undefined>>,
  ] = [true, true]
  console.log(
    types,
    authRouter(strategy),
    requireLogin({ strategy }),
    flowInspector,
    guardSessionStore,
  )
}
