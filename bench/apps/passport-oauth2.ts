import type { RequestHandler } from 'express'
import passport from 'passport'
import OAuth2Strategy from 'passport-oauth2'
import refresh from 'passport-oauth2-refresh'
import { addNoteRoutes, keptTokens, sessionMiddleware } from './scene.js'
import type { AddRoutes, KeptTokens, Person, TokenResponse } from './scene.js'

interface User extends Person {
  readonly tokens: KeptTokens
}

type Done = (error: Error | null, user?: User) => void

/** passport-oauth2 with state and PKCE, a subclass that loads the profile, and passport-oauth2-refresh. */
export const addRoutes: AddRoutes = (app, scene) => {
  const { origin, provider } = scene

  class BenchStrategy extends OAuth2Strategy {
    override userProfile(
      accessToken: string,
      done: (error?: unknown, profile?: unknown) => void,
    ): void {
      this._oauth2.useAuthorizationHeaderforGET(true)
      this._oauth2.get(provider.profileURL, accessToken, (error: unknown, body) => {
        if (error) done(error)
        else done(null, JSON.parse(String(body)))
      })
    }
  }

  const strategy = new BenchStrategy(
    {
      authorizationURL: provider.authorizationURL,
      tokenURL: provider.tokenURL,
      clientID: 'client-1',
      clientSecret: 'secret-1',
      scope: 'profile',
      callbackURL: `${origin}/callback`,
      state: true,
      pkce: true,
    },
    (
      accessToken: string,
      refreshToken: string,
      params: { readonly expires_in: number },
      profile: { readonly sub: string; readonly name: string },
      done: Done,
    ) => {
      const response = { access_token: accessToken, refresh_token: refreshToken, ...params }
      done(null, { id: profile.sub, name: profile.name, tokens: keptTokens(response) })
    },
  )
  passport.use(strategy)
  refresh.use(strategy)
  passport.serializeUser<Express.User>((user, done) => done(null, user))
  passport.deserializeUser<Express.User>((user, done) => done(null, user))

  app.use(sessionMiddleware(scene))
  app.use(passport.session())
  app.get('/login', passport.authenticate('oauth2') as RequestHandler)
  app.get('/callback', passport.authenticate('oauth2', { successRedirect: '/' }) as RequestHandler)
  app.get('/token', async (req, res) => {
    if (!req.isAuthenticated()) {
      res.sendStatus(401)
      return
    }
    const user = req.user as User
    if (user.tokens.expiresAt <= Date.now()) {
      const tokens = await requestNewTokens(user.tokens.refreshToken)
      const passportPart = Reflect.get(req.session, 'passport') as { user: User }
      passportPart.user = { ...user, tokens }
      res.json({ accessToken: tokens.accessToken })
      return
    }
    res.json({ accessToken: user.tokens.accessToken })
  })
  addNoteRoutes(app, scene)
}

function requestNewTokens(refreshToken: string): Promise<KeptTokens> {
  return new Promise((resolve, reject) => {
    refresh.requestNewAccessToken(
      'oauth2',
      refreshToken,
      (error: unknown, accessToken = '', newRefreshToken = refreshToken, result: TokenResponse) => {
        if (error) {
          reject(new Error('The refresh was refused.'))
          return
        }
        const newer = { access_token: accessToken, refresh_token: newRefreshToken }
        resolve(keptTokens({ ...result, ...newer }))
      },
    )
  })
}
