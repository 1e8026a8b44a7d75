import { createHash, randomBytes } from 'node:crypto'
import type { Express, Request, Response } from 'express'
import { request } from 'undici'
import { addNoteRoutes, keptTokens, sessionMiddleware } from './scene.js'
import type { KeptTokens, Person, Scene, TokenResponse } from './scene.js'

declare module 'express-session' {
  interface SessionData {
    pending?: { readonly state: string; readonly verifier: string }
    user?: Person
    tokens?: KeptTokens
  }
}

/**
 * Written by hand, with nothing that can be left out: no checks but state and PKCE, no errors told apart,
 * no refresh shared, nothing that outlives its request. The limit that the others are measured by.
 */
export function addRoutes(app: Express, scene: Scene): void {
  app.use(sessionMiddleware(scene))
  addHandlers(app, scene)
}

/** The handlers alone, for an application that has its sessions already. */
export function addHandlers(app: Express, scene: Scene): void {
  const { origin, provider } = scene
  const redirectUri = `${origin}/callback`
  const credentials = { client_id: 'client-1', client_secret: 'secret-1' }
  const formHeaders = { 'content-type': 'application/x-www-form-urlencoded' }

  async function requestTokens(form: Record<string, string>): Promise<KeptTokens> {
    const body = new URLSearchParams({ ...form, ...credentials }).toString()
    const answer = await request(provider.tokenURL, { method: 'POST', headers: formHeaders, body })
    if (answer.statusCode !== 200) throw new Error('The tokens were refused.')
    return keptTokens((await answer.body.json()) as TokenResponse)
  }

  app.get('/login', (req, res) => {
    const state = randomBytes(32).toString('base64url')
    const verifier = randomBytes(32).toString('base64url')
    req.session.pending = { state, verifier }
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: redirectUri,
      scope: 'profile',
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })
    redirect(res, `${provider.authorizationURL}?${query.toString()}`)
  })
  app.get('/callback', async (req, res) => {
    const { code, state } = req.query
    const { pending } = req.session
    if (typeof code !== 'string' || pending === undefined || state !== pending.state) {
      res.sendStatus(403)
      return
    }
    const tokens = await requestTokens({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: pending.verifier,
    })
    const headers = { authorization: `Bearer ${tokens.accessToken}` }
    const answer = await request(provider.profileURL, { headers })
    const profile = (await answer.body.json()) as { sub: string; name: string }
    await regenerate(req)
    req.session.user = { id: profile.sub, name: profile.name }
    req.session.tokens = tokens
    redirect(res, '/')
  })
  app.get('/token', async (req, res) => {
    let { tokens } = req.session
    if (req.session.user === undefined || tokens === undefined) {
      res.sendStatus(401)
      return
    }
    if (tokens.expiresAt <= Date.now()) {
      const { refreshToken } = tokens
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
      tokens = req.session.tokens = await requestTokens(form)
    }
    res.json({ accessToken: tokens.accessToken })
  })
  addNoteRoutes(app, scene)
}

/** As Passport does it: `res.redirect` negotiates a body, which express-session then holds back a part of. */
function redirect(res: Response, location: string): void {
  res.writeHead(302, { location, 'content-length': '0' }).end()
}

function regenerate(req: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    req.session.regenerate((error: Error | null) => {
      if (error) reject(error)
      else resolve()
    })
  })
}
