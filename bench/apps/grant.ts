import grantModule from 'grant'
import { addNoteRoutes, keptTokens, sessionMiddleware } from './scene.js'
import type { AddRoutes, TokenResponse } from './scene.js'

// Its types are those of an ES module, which it is not.
const grant = grantModule as unknown as (typeof grantModule)['default']

/** What grant hands over at the end of a login. */
interface GrantState {
  readonly response?: {
    readonly error?: unknown
    readonly raw: TokenResponse
    readonly profile: { readonly sub: string; readonly name: string }
  }
}

/** grant with state and PKCE, and the `state` transport, which needs no further redirect. It refreshes nothing. */
export const addRoutes: AddRoutes = (app, scene) => {
  const { origin, provider } = scene
  app.use(sessionMiddleware(scene))
  app.use(
    grant.express({
      defaults: { origin, prefix: '/connect', transport: 'state', state: true, pkce: true },
      bench: {
        authorize_url: provider.authorizationURL,
        access_url: provider.tokenURL,
        profile_url: provider.profileURL,
        oauth: 2,
        key: 'client-1',
        secret: 'secret-1',
        scope: ['profile'],
        response: ['tokens', 'raw', 'profile'],
      },
    }),
  )
  app.get('/connect/bench/callback', (req, res, next) => {
    const { response } = res.locals['grant'] as GrantState
    if (response === undefined || response.error !== undefined) {
      res.sendStatus(403)
      return
    }
    const { raw, profile } = response
    req.session.regenerate((error: Error | null) => {
      if (error) {
        next(error)
        return
      }
      req.session.user = { id: profile.sub, name: profile.name }
      req.session.tokens = keptTokens(raw)
      res.redirect('/')
    })
  })
  app.get('/token', (req, res) => {
    const { user, tokens } = req.session
    if (user === undefined || tokens === undefined || tokens.expiresAt <= Date.now()) {
      res.sendStatus(401)
      return
    }
    res.json({ accessToken: tokens.accessToken })
  })
  addNoteRoutes(app, scene)
}
