import openidConnect from 'express-openid-connect'
import type { SessionStore } from 'express-openid-connect'
import { SESSION_SECRET } from './scene.js'
import type { AddRoutes } from './scene.js'

/**
 * express-openid-connect with its sessions in the same store. Its pending logins are always in cookies, and
 * the person is who the ID token says.
 */
export const addRoutes: AddRoutes = (app, { origin, provider, store, wait }) => {
  app.use(
    openidConnect.auth({
      issuerBaseURL: provider.issuer,
      baseURL: origin,
      clientID: 'client-1',
      clientSecret: 'secret-1',
      secret: SESSION_SECRET,
      authRequired: false,
      authorizationParams: { response_type: 'code', scope: 'openid profile offline_access' },
      session: { store: store as unknown as SessionStore },
    }),
  )
  app.get('/token', async (req, res) => {
    const { accessToken } = req.oidc
    if (!req.oidc.isAuthenticated() || accessToken === undefined) {
      res.sendStatus(401)
      return
    }
    const valid = accessToken.isExpired() ? await accessToken.refresh() : accessToken
    res.json({ accessToken: valid.access_token })
  })
  app.get('/note', async (req, res) => {
    await wait()
    const { appSession } = req as unknown as { appSession: Record<string, unknown> }
    appSession['note'] = 'kept'
    res.json({})
  })
  app.get('/noted', (req, res) => {
    const { appSession } = req as unknown as { appSession: Record<string, unknown> }
    res.json({ note: appSession['note'] })
  })
}
