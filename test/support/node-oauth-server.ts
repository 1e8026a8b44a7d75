import { randomBytes } from 'node:crypto'
import OAuth2Server from '@node-oauth/oauth2-server'
import express from 'express'
import type { Request, Response } from 'express'
import { listen } from './http.js'
import { CLIENT_ID, CLIENT_SECRET } from './other-server.js'
import type { OtherServer } from './other-server.js'

type Model = OAuth2Server.AuthorizationCodeModel & OAuth2Server.RefreshTokenModel

/** Starts @node-oauth/oauth2-server in an Express application, as its documentation says. */
export async function startNodeOauthServer(): Promise<OtherServer> {
  const redirectUris: string[] = []
  const oauth = new OAuth2Server({ model: createModel(redirectUris) })
  const app = express()
  app.use(express.urlencoded({ extended: false }))

  app.get('/authorize', (req, res, next) => {
    const [request, response] = wrap(req, res)
    const authenticateHandler = { handle: () => ({ name: 'ada' }) }
    oauth
      .authorize(request, response, { authenticateHandler })
      .catch(() => undefined)
      .then(() => send(response, res))
      .catch(next)
  })
  app.post('/token', (req, res, next) => {
    const [request, response] = wrap(req, res)
    oauth
      .token(request, response)
      .catch(() => undefined)
      .then(() => send(response, res))
      .catch(next)
  })
  app.get('/me', (req, res) => {
    oauth.authenticate(...wrap(req, res)).then(
      ({ user }) => res.json({ sub: String(user['name']), name: 'Ada Lovelace' }),
      () => res.sendStatus(401),
    )
  })

  const server = await listen(app)
  const follow: OtherServer['allow'] = async (browser, url) =>
    (await browser.visit(url)).location ?? ''
  return {
    ...server,
    options: {
      authorizationURL: `${server.origin}/authorize`,
      tokenURL: `${server.origin}/token`,
      profileURL: `${server.origin}/me`,
      clientSecret: CLIENT_SECRET,
      scope: 'profile',
    },
    register: (redirectURI) => Promise.resolve(void redirectUris.push(redirectURI)),
    allow: follow,
    deny: (browser, url) => follow(browser, `${url}&allowed=false`),
  }
}

function wrap(req: Request, res: Response): [OAuth2Server.Request, OAuth2Server.Response] {
  return [new OAuth2Server.Request(req), new OAuth2Server.Response(res)]
}

/** What the server has put into its own response, its errors included. */
function send({ status = 200, headers, body }: OAuth2Server.Response, res: Response): void {
  res.status(status).set(headers).send(body)
}

/** Everything in memory. A code, and a refresh token, can be taken once. */
function createModel(redirectUris: string[]): Model {
  const client = { id: CLIENT_ID, redirectUris, grants: ['authorization_code', 'refresh_token'] }
  const codes = new Map<string, OAuth2Server.AuthorizationCode>()
  const accessTokens = new Map<string, OAuth2Server.Token>()
  const refreshTokens = new Map<string, OAuth2Server.RefreshToken>()
  const newToken = (): Promise<string> => Promise.resolve(randomBytes(32).toString('base64url'))

  return {
    generateAccessToken: newToken,
    generateRefreshToken: newToken,
    generateAuthorizationCode: newToken,
    // Without a secret it is asked for at the authorization endpoint.
    getClient: (id, secret: string | null) =>
      Promise.resolve(id === CLIENT_ID && [CLIENT_SECRET, null].includes(secret) && client),
    saveAuthorizationCode(code, owner, user) {
      const saved = { ...code, client: owner, user }
      codes.set(code.authorizationCode, saved)
      return Promise.resolve(saved)
    },
    getAuthorizationCode: (code) => Promise.resolve(codes.get(code)),
    revokeAuthorizationCode: (code) => Promise.resolve(codes.delete(code.authorizationCode)),
    saveToken(token, owner, user) {
      const { refreshToken } = token
      const saved = { ...token, client: owner, user }
      accessTokens.set(token.accessToken, saved)
      if (refreshToken !== undefined) refreshTokens.set(refreshToken, { ...saved, refreshToken })
      return Promise.resolve(saved)
    },
    getAccessToken: (token) => Promise.resolve(accessTokens.get(token)),
    getRefreshToken: (token) => Promise.resolve(refreshTokens.get(token)),
    revokeToken: (token) => Promise.resolve(refreshTokens.delete(token.refreshToken)),
  }
}
