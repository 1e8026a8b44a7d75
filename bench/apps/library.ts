import passport from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  cookiePendingLogins,
  requireLogin,
} from 'passport-authorization-code'
import { RedisGrants } from 'passport-authorization-code/redis'
import { addNoteRoutes, sessionMiddleware } from './scene.js'
import type { AddRoutes, Person } from './scene.js'

/** What of this library is on, beside what is always on. */
export interface Variant {
  /** The tokens are in the session, sealed by `tokenSecret`. Otherwise, grants are in Redis. */
  readonly sealed: boolean
  /** Pending logins are in cookies. */
  readonly cookies: boolean
}

/** This library, as its README has it for several processes. */
export function libraryRoutes({ sealed, cookies }: Variant): AddRoutes {
  return (app, scene) => {
    const { origin, provider, client } = scene
    const strategy = new AuthorizationCodeStrategy(
      {
        name: 'bench',
        authorizationURL: provider.authorizationURL,
        tokenURL: provider.tokenURL,
        profileURL: provider.profileURL,
        clientID: 'client-1',
        clientSecret: 'secret-1',
        scope: 'profile',
        callbackURL: `${origin}/auth/callback`,
        ...(sealed
          ? { tokenSecret: 'a secret of 32 characters or more' }
          : { grants: new RedisGrants({ client, secret: 'a secret of 32 characters or more' }) }),
        ...(cookies && {
          pendingLogins: cookiePendingLogins({ secret: 'another secret of 32 characters or more' }),
        }),
      },
      ({ profile }): Person => ({ id: profile?.id ?? '', name: profile?.displayName ?? '' }),
    )
    passport.serializeUser<Express.User>((user, done) => done(null, user))
    passport.deserializeUser<Express.User>((user, done) => done(null, user))

    app.use(sessionMiddleware(scene))
    app.use(passport.session())
    app.use('/auth', authRouter(strategy))
    app.get('/token', requireLogin({ loginPath: '/auth/login' }), async (req, res) => {
      res.json({ accessToken: await strategy.accessToken(req) })
    })
    addNoteRoutes(app, scene)
  }
}
