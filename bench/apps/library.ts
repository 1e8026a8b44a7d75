import passport from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  cookiePendingLogins,
  guardSessionStore,
  requireLogin,
} from 'passport-authorization-code'
import { RedisGrants } from 'passport-authorization-code/redis'
import { addNoteRoutes, sessionMiddleware } from './scene.js'
import type { AddRoutes, Person } from './scene.js'

const SECRET = 'a secret of 32 characters or more'

/** What of this library is on, beside what is always on. */
export interface Variant {
  /** Where the tokens are: in the session, as they came or sealed by `tokenSecret`, or as grants in Redis. */
  readonly tokens: 'session' | 'sealed' | 'redis'
  /** Pending logins are in cookies. */
  readonly cookies: boolean
}

/** This library, as its README has it: for one process, or for several. */
export function libraryRoutes({ tokens, cookies }: Variant): AddRoutes {
  return (app, scene) => {
    const { origin, provider, client, store } = scene
    // Other contestants are in the same Redis, and log the same people in.
    const prefix = `${origin}:`
    const grants =
      tokens === 'redis' ? new RedisGrants({ client, secret: SECRET, prefix }) : undefined
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
        ...(tokens === 'sealed' && { tokenSecret: SECRET }),
        ...(grants && { grants }),
        ...(cookies && { pendingLogins: cookiePendingLogins({ secret: SECRET }) }),
      },
      ({ profile }): Person => ({ id: profile?.id ?? '', name: profile?.displayName ?? '' }),
    )
    passport.serializeUser<Express.User>((user, done) => done(null, user))
    passport.deserializeUser<Express.User>((user, done) => done(null, user))

    const guarded = grants && guardSessionStore(store, { grants })
    app.use(sessionMiddleware({ ...scene, ...(guarded && { store: guarded }) }))
    app.use(passport.session())
    app.use('/auth', authRouter(strategy))
    app.get('/token', requireLogin({ loginPath: '/auth/login', strategy }), async (req, res) => {
      res.json({ accessToken: await strategy.accessToken(req) })
    })
    if (grants) {
      app.get('/job', async ({ query }, res) => {
        const account = query['subject'] as string
        res.json({ accessToken: await strategy.accessToken({ account }) })
      })
    }
    addNoteRoutes(app, scene)
  }
}
