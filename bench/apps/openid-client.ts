import {
  allowInsecureRequests,
  discovery,
  refreshTokenGrant,
  ClientSecretPost,
} from 'openid-client'
import { Strategy } from 'openid-client/passport'
import type { RequestHandler } from 'express'
import passport from 'passport'
import { addNoteRoutes, keptTokens, sessionMiddleware } from './scene.js'
import type { AddRoutes, KeptTokens, Person } from './scene.js'

interface User extends Person {
  readonly tokens: KeptTokens
}

/** openid-client's Passport strategy as its documentation has it: the person is who the ID token says. */
export const addRoutes: AddRoutes = async (app, scene) => {
  const { origin, provider } = scene
  const config = await discovery(
    new URL(provider.issuer),
    'client-1',
    undefined,
    ClientSecretPost('secret-1'),
    // The loopback has no certificate.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    { execute: [allowInsecureRequests] },
  )
  const strategy = new Strategy(
    { name: 'openid', config, scope: 'openid profile', callbackURL: `${origin}/callback` },
    (tokens, verified) => {
      const claims = tokens.claims()
      const person = { id: claims?.sub ?? '', name: claims?.['name'] as string }
      verified(null, { ...person, tokens: keptTokens(tokens) })
    },
  )
  passport.use(strategy)
  passport.serializeUser<Express.User>((user, done) => done(null, user))
  passport.deserializeUser<Express.User>((user, done) => done(null, user))

  app.use(sessionMiddleware(scene))
  app.use(passport.session())
  app.get('/login', passport.authenticate('openid') as RequestHandler)
  app.get('/callback', passport.authenticate('openid', { successRedirect: '/' }) as RequestHandler)
  app.get('/token', async (req, res) => {
    if (!req.isAuthenticated()) {
      res.sendStatus(401)
      return
    }
    const user = req.user as User
    if (user.tokens.expiresAt <= Date.now()) {
      const tokens = keptTokens(await refreshTokenGrant(config, user.tokens.refreshToken))
      const passportPart = Reflect.get(req.session, 'passport') as { user: User }
      passportPart.user = { ...user, tokens }
      res.json({ accessToken: tokens.accessToken })
      return
    }
    res.json({ accessToken: user.tokens.accessToken })
  })
  addNoteRoutes(app, scene)
}
