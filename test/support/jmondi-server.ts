import { randomBytes } from 'node:crypto'
import { AuthorizationServer, DateInterval, OAuthResponse } from '@jmondi/oauth2-server'
import type {
  OAuthAuthCode,
  OAuthAuthCodeRepository,
  OAuthClient,
  OAuthClientRepository,
  OAuthScopeRepository,
  OAuthToken,
  OAuthTokenRepository,
  ResponseInterface,
} from '@jmondi/oauth2-server'
import {
  handleExpressError,
  handleExpressResponse,
  requestFromExpress,
} from '@jmondi/oauth2-server/express'
import express from 'express'
import type { Request, Response } from 'express'
import { listen } from './http.js'
import { CLIENT_ID, CLIENT_SECRET } from './other-server.js'
import type { OtherServer } from './other-server.js'

const SCOPES = [{ name: 'profile' }]
const ADA = { id: 'ada' }
const newId = (): string => randomBytes(16).toString('base64url')

/**
 * Starts @jmondi/oauth2-server in an Express application, as its documentation says: with PKCE,
 * revocation, and a resource that asks for each access token by introspection.
 */
export async function startJmondiServer(): Promise<OtherServer> {
  const redirectUris: string[] = []
  const oauth = createServer(redirectUris)
  const app = express()
  app.use(express.urlencoded({ extended: false }))

  const answerBy =
    (work: (req: Request) => Promise<ResponseInterface>) => (req: Request, res: Response) => {
      work(req).then(
        (response) => handleExpressResponse(res, new OAuthResponse(response)),
        (error: unknown) => handleExpressError(error, res),
      )
    }
  app.get(
    '/authorize',
    answerBy(async (req) => {
      const request = await oauth.validateAuthorizationRequest(requestFromExpress(req))
      request.user = ADA
      request.isAuthorizationApproved = true
      return oauth.completeAuthorizationRequest(request)
    }),
  )
  // What a person refuses never comes to the server: it leaves the consent page to the application.
  app.get('/refuse', (req, res) => {
    const { redirect_uri, state } = req.query as Record<string, string>
    const refused = new URLSearchParams({ error: 'access_denied', state: state ?? '' })
    res.redirect(`${redirect_uri}?${refused.toString()}`)
  })
  app.post(
    '/token',
    answerBy((req) => oauth.respondToAccessTokenRequest(requestFromExpress(req))),
  )
  app.post(
    '/revoke',
    answerBy((req) => oauth.revoke(requestFromExpress(req))),
  )
  app.get('/me', (req, res, next) => {
    introspect(oauth, req.headers.authorization)
      .then(({ active, sub }) => {
        if (active === true) res.json({ sub, name: 'Ada Lovelace' })
        else res.sendStatus(401)
      })
      .catch(next)
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
      revocationURL: `${server.origin}/revoke`,
      clientSecret: CLIENT_SECRET,
      scope: 'profile',
    },
    register: (redirectURI) => Promise.resolve(void redirectUris.push(redirectURI)),
    allow: follow,
    deny: (browser, url) => follow(browser, url.replace('/authorize?', '/refuse?')),
  }
}

async function introspect(
  oauth: AuthorizationServer,
  authorization = '',
): Promise<Record<string, unknown>> {
  const { body } = await oauth.introspect({
    headers: {},
    query: {},
    body: {
      token: authorization.replace('Bearer ', ''),
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
    },
  })
  return body
}

function createServer(redirectUris: string[]): AuthorizationServer {
  const client: OAuthClient = {
    id: CLIENT_ID,
    name: 'Client 1',
    secret: CLIENT_SECRET,
    redirectUris,
    allowedGrants: ['authorization_code', 'refresh_token'],
    scopes: SCOPES,
  }
  const clients: OAuthClientRepository = {
    getByIdentifier: () => Promise.resolve(client),
    isClientValid: (_grant, { secret }, given) => Promise.resolve(secret === given),
  }
  const scopes: OAuthScopeRepository = {
    getAllByIdentifiers: (names) =>
      Promise.resolve(SCOPES.filter(({ name }) => names.includes(name))),
    finalize: (granted) => Promise.resolve(granted),
  }
  const oauth = new AuthorizationServer(clients, createTokens(), scopes, 'a key of this test only')
  oauth.enableGrantTypes(
    {
      grant: 'authorization_code',
      authCodeRepository: createCodes(),
      userRepository: { getUserByCredentials: () => Promise.resolve(ADA) },
    },
    'refresh_token',
  )
  return oauth
}

function createCodes(): OAuthAuthCodeRepository {
  const codes = new Map<string, OAuthAuthCode>()
  const revoked = new Set<string>()
  return {
    getByIdentifier: (code) => Promise.resolve(found(codes, code)),
    issueAuthCode: (client, user, scopes) => ({
      code: newId(),
      expiresAt: new Date(),
      client,
      scopes,
      ...(user !== undefined && { user }),
    }),
    persist: (code) => Promise.resolve(void codes.set(code.code, code)),
    isRevoked: (code) => Promise.resolve(revoked.has(code)),
    revoke: (code) => Promise.resolve(void revoked.add(code)),
  }
}

function createTokens(): OAuthTokenRepository {
  const byAccessToken = new Map<string, OAuthToken>()
  const byRefreshToken = new Map<string, OAuthToken>()
  return {
    issueToken: (client, scopes, user) =>
      Promise.resolve({
        accessToken: newId(),
        accessTokenExpiresAt: new Date(),
        client,
        scopes,
        ...(user != null && { user }),
      }),
    issueRefreshToken(token) {
      token.refreshToken = newId()
      token.refreshTokenExpiresAt = new DateInterval('30d').getEndDate()
      byRefreshToken.set(token.refreshToken, token)
      return Promise.resolve(token)
    },
    persist: (token) => Promise.resolve(void byAccessToken.set(token.accessToken, token)),
    revoke(token) {
      token.accessTokenExpiresAt = new Date(0)
      token.refreshTokenExpiresAt = new Date(0)
      return Promise.resolve()
    },
    isRefreshTokenRevoked: ({ refreshTokenExpiresAt }) =>
      Promise.resolve(refreshTokenExpiresAt?.getTime() === 0),
    getByRefreshToken: (token) => Promise.resolve(found(byRefreshToken, token)),
    getByAccessToken: (token) => Promise.resolve(found(byAccessToken, token)),
  }
}

function found<Value>(values: ReadonlyMap<string, Value>, key: string): Value {
  const value = values.get(key)
  if (value === undefined) throw new Error('There is no such thing.')
  return value
}
