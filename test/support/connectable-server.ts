import { createHash, randomUUID } from 'node:crypto'
import express from 'express'
import type { Request, RequestHandler, Response } from 'express'
import { listen } from './http.js'
import type { RunningServer } from './http.js'

/** What the authorization server keeps of a code. */
interface Code {
  readonly client: string
  readonly redirectUri: string
  readonly challenge: string
  readonly resource: string
  readonly scope: string
}

/** A resource with an authorization server of its own, both of one origin, which can be told to do otherwise. */
export interface ConnectableServer extends RunningServer {
  /** The address that people enter. */
  readonly address: string
  /** Replaces members of its documents; a member that is `undefined` is left out. */
  readonly metadata: { resource: Record<string, unknown>; server: Record<string, unknown> }
  /** What is beside `resource_metadata` when it wants a token. */
  challenge: string
  /** What a request must have been granted to get 200 instead of 403. */
  neededScope: string
  /** How long access tokens live, in **seconds**. */
  accessTokenSeconds: number
  /** Parameters of what it was asked, oldest first. */
  readonly authorizations: URLSearchParams[]
  readonly tokenRequests: URLSearchParams[]
  readonly registrations: Record<string, unknown>[]
  readonly revocations: URLSearchParams[]
  /** The access tokens that it has been called with, `none` without one. */
  readonly calls: string[]
  /** Answers instead of the registration endpoint, the authorization endpoint, or the resource. */
  onRegister: ((req: Request, res: Response) => void) | undefined
  onAuthorize: ((req: Request, res: Response) => void) | undefined
  onCall: ((req: Request, res: Response) => void) | undefined
  /** Is called before the token endpoint. */
  onToken: RequestHandler | undefined
  /** Forgets all tokens, as after a restart without a database. */
  forgetTokens(): void
  /** Forgets all clients. */
  forgetClients(): void
}

/** Starts a {@link ConnectableServer}. Whoever comes to its authorization endpoint allows everything at once. */
export async function startConnectableServer(): Promise<ConnectableServer> {
  const app = express()
  const server = await listen(app)
  const { origin } = server
  const clients = new Set<string>()
  const codes = new Map<string, Code>()
  const accessTokens = new Map<string, { readonly scope: string; readonly until: number }>()
  const refreshTokens = new Map<string, Code>()

  const own: ConnectableServer = {
    ...server,
    address: `${origin}/api`,
    metadata: { resource: {}, server: {} },
    challenge: '',
    neededScope: '',
    accessTokenSeconds: 600,
    authorizations: [],
    tokenRequests: [],
    registrations: [],
    revocations: [],
    calls: [],
    onRegister: undefined,
    onToken: undefined,
    onAuthorize: undefined,
    onCall: undefined,
    forgetTokens() {
      accessTokens.clear()
      refreshTokens.clear()
    },
    forgetClients: () => clients.clear(),
  }

  const resourceMetadataURL = `${origin}/.well-known/oauth-protected-resource/api`
  app.use(express.json(), express.urlencoded({ extended: false }))

  app.get('/.well-known/oauth-protected-resource/api', (_req, res) => {
    res.json({ resource: own.address, authorization_servers: [origin], ...own.metadata.resource })
  })
  app.get('/.well-known/oauth-authorization-server', (_req, res) => {
    res.json({
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      revocation_endpoint: `${origin}/revoke`,
      token_endpoint_auth_methods_supported: ['none'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      ...own.metadata.server,
    })
  })

  app.post('/register', (req, res) => {
    own.registrations.push(req.body as Record<string, unknown>)
    if (own.onRegister !== undefined) {
      own.onRegister(req, res)
      return
    }
    const client = `client-${randomUUID()}`
    clients.add(client)
    res.status(201).json({ ...(req.body as object), client_id: client })
  })

  app.get('/authorize', (req, res) => {
    const parameters = new URL(req.originalUrl, origin).searchParams
    own.authorizations.push(parameters)
    if (own.onAuthorize !== undefined) {
      own.onAuthorize(req, res)
      return
    }
    const get = (name: string): string => parameters.get(name) ?? ''
    const code = randomUUID()
    codes.set(code, {
      client: get('client_id'),
      redirectUri: get('redirect_uri'),
      challenge: get('code_challenge'),
      resource: get('resource'),
      scope: get('scope'),
    })
    const back = new URL(get('redirect_uri'))
    back.search = new URLSearchParams({ code, state: get('state'), iss: origin }).toString()
    res.redirect(back.href)
  })

  app.post('/token', (req, res, next) => {
    if (own.onToken === undefined) next()
    else void own.onToken(req, res, next)
  })
  app.post('/token', (req, res) => {
    const form = new URLSearchParams(req.body as Record<string, string>)
    own.tokenRequests.push(form)
    const client = form.get('client_id') ?? ''
    if (client.startsWith('client-') && !clients.has(client)) {
      res.status(401).json({ error: 'invalid_client' })
      return
    }
    const isRefresh = form.get('grant_type') === 'refresh_token'
    const key = form.get(isRefresh ? 'refresh_token' : 'code') ?? ''
    const kept = isRefresh ? refreshTokens : codes
    const found = kept.get(key)
    kept.delete(key)
    const verifier = createHash('sha256').update(form.get('code_verifier') ?? '')
    const isProven = isRefresh || verifier.digest('base64url') === found?.challenge
    const isItsOwn = found?.client === client && found.resource === form.get('resource')
    if (found === undefined || !isProven || !isItsOwn) {
      res.status(400).json({ error: 'invalid_grant' })
      return
    }
    const accessToken = `access-${randomUUID()}`
    const refreshToken = `refresh-${randomUUID()}`
    const until = Date.now() + own.accessTokenSeconds * 1000
    accessTokens.set(accessToken, { scope: found.scope, until })
    refreshTokens.set(refreshToken, found)
    res.json({
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: own.accessTokenSeconds,
      refresh_token: refreshToken,
      scope: found.scope,
    })
  })

  app.post('/revoke', (req, res) => {
    own.revocations.push(new URLSearchParams(req.body as Record<string, string>))
    res.end()
  })

  app.use('/api', (req, res) => {
    const token = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1]
    own.calls.push(token ?? 'none')
    if (own.onCall !== undefined) {
      own.onCall(req, res)
      return
    }
    const granted = token === undefined ? undefined : accessTokens.get(token)
    const challenge = `Bearer resource_metadata="${resourceMetadataURL}"`
    if (granted === undefined || granted.until <= Date.now()) {
      const error = token === undefined ? '' : ', error="invalid_token"'
      res
        .status(401)
        .set('WWW-Authenticate', challenge + own.challenge + error)
        .json({ error: 'unauthorized' })
      return
    }
    if (own.neededScope !== '' && !granted.scope.split(' ').includes(own.neededScope)) {
      const missing = `, error="insufficient_scope", scope="${own.neededScope}"`
      res
        .status(403)
        .set('WWW-Authenticate', challenge + missing)
        .json({ error: 'forbidden' })
      return
    }
    res.json({ path: req.originalUrl, scope: granted.scope })
  })

  return own
}
