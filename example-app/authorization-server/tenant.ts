import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, {
  errors,
  type AdapterFactory,
  type ClientMetadata,
  type Configuration,
  type JWK,
} from 'oidc-provider'
import { interactions, pageHeaders } from './interactions.js'
import { createMemory } from './memory-adapter.js'
import { faultPage } from './pages.js'
import { tokenRequests, type TokenRequest, type TokenRequestFormat } from './token-requests.js'

/** Everything in which one provider differs from another. Lifetimes are in **seconds**. */
export interface TenantDefinition {
  readonly tenant: 'askara' | 'jiko'
  readonly displayName: string
  /** `0` lets the operating system choose. */
  readonly port: number
  readonly paths: {
    readonly authorization: string
    readonly token: string
    readonly revocation: string
    readonly resource: string
  }
  readonly client: ClientMetadata & { readonly redirect_uris: readonly string[] }
  readonly tokenRequestFormat: TokenRequestFormat
  /** Whether `redirect_uri` has to come with the code, as RFC 6749 wants it. */
  readonly isRedirectURIRequired: boolean
  readonly isPkceRequired: boolean
  /** The scopes there are, with what they allow in words for the consent page. */
  readonly scopes: Readonly<Record<string, string>>
  readonly accessTokenSeconds: number
  readonly refreshTokenSeconds: number
  readonly rotateRefreshTokens: boolean
  readonly onTokenRequest: ((request: TokenRequest) => void) | undefined
  readonly onRevocation: ((request: TokenRequest) => void) | undefined
  readonly resource: {
    /** The scope without which the resource is closed. */
    readonly scope: string
    /** What the account sees there. */
    readonly read: (account: string, scopes: ReadonlySet<string>) => unknown
  }
}

/** A provider that listens. */
export interface RunningTenant {
  /** Such as `http://127.0.0.1:54321`. It is the issuer identifier as well. */
  readonly origin: string
  /** Ends all that was granted so far. */
  endGrants(): void
  close(): Promise<void>
}

const INTERACTION_SECONDS = 60 * 60
const LOGIN_IS_OVER =
  'This login was finished already, or left open for too long. Go back to the application and start again.'
const MAX_ASSERTION_SECONDS = 5 * 60
const PUBLIC_DIRECTORY = fileURLToPath(new URL('../public', import.meta.url))

/** Starts one provider on a port of its own, as the real ones are on hosts of their own. */
export async function startTenant(definition: TenantDefinition): Promise<RunningTenant> {
  const memory = createMemory()
  const configuration = await configure(definition, memory.adapter)
  const server = createServer()
  server.listen(definition.port, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`

  try {
    server.on('request', createApp(definition, new Provider(origin, configuration)))
  } catch (error) {
    server.close()
    throw error
  }

  return {
    origin,
    endGrants: () => memory.clear(),
    async close() {
      if (!server.listening) return
      server.closeAllConnections()
      await promisify(server.close.bind(server))()
    },
  }
}

function createApp(definition: TenantDefinition, provider: Provider): Express {
  const { client, onRevocation, onTokenRequest, paths, tenant, tokenRequestFormat } = definition
  const answer = provider.callback()
  const callbackOrigins = [...new Set(client.redirect_uris.map((url) => new URL(url).origin))]

  const app = express().disable('x-powered-by')
  app.use(express.static(PUBLIC_DIRECTORY))
  app.get(paths.resource, resource(definition, provider))
  app.use('/interaction', interactions({ ...definition, provider, callbackOrigins }))
  app.post(
    paths.token,
    ...tokenRequests({
      format: tokenRequestFormat,
      complete: (parameters) => completeTokenRequest(definition, provider, parameters),
      answer,
      report: (request) => onTokenRequest?.({ tenant, ...request }),
    }),
  )
  app.post(
    paths.revocation,
    ...tokenRequests({
      // RFC 7009 knows only forms, whatever the token endpoint reads.
      format: 'form',
      answer,
      report: (request) => onRevocation?.({ tenant, ...request }),
    }),
  )
  app.use((request, response) => answer(request, response))
  app.use(pageHeaders([]), faults(definition))
  return app
}

/** Where the request need not name the callback URL again, names the one that the code was sent to. */
async function completeTokenRequest(
  { client, isRedirectURIRequired }: TenantDefinition,
  provider: Provider,
  parameters: URLSearchParams,
): Promise<URLSearchParams> {
  const completed = new URLSearchParams(parameters)
  if (isRedirectURIRequired || completed.has('redirect_uri')) return completed

  const code = completed.get('code') ?? ''
  const source = await provider.AuthorizationCode.find(code, { ignoreExpiration: true })
  // A code that nobody knows gets any of them, for it is the code that must be refused.
  const redirectURI = source?.redirectUri ?? client.redirect_uris[0]
  if (redirectURI !== undefined) completed.set('redirect_uri', redirectURI)
  return completed
}

async function configure(
  definition: TenantDefinition,
  adapter: AdapterFactory,
): Promise<Configuration> {
  const { accessTokenSeconds, client, paths, refreshTokenSeconds, tenant } = definition

  return {
    adapter,
    clients: [{ ...client, scope: Object.keys(definition.scopes).join(' ') }],
    clientAuthMethods: [client.token_endpoint_auth_method ?? 'none'],
    // Signs nothing here, as nobody gets an ID token, but without one oidc-provider warns.
    jwks: { keys: [await generateSigningKey()] },
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      // Cookies know no ports: two providers on one address must not share names.
      names: {
        session: `${tenant}_session`,
        interaction: `${tenant}_interaction`,
        resume: `${tenant}_resume`,
      },
    },
    enabledJWA: { clientAuthSigningAlgValues: ['PS256'] },
    responseTypes: ['code'],
    scopes: Object.keys(definition.scopes),
    pkce: { required: () => definition.isPkceRequired },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_, client, token) => token.clientId === client.clientId,
      },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
    routes: {
      authorization: paths.authorization,
      token: paths.token,
      revocation: paths.revocation,
    },
    ttl: {
      AccessToken: () => accessTokenSeconds,
      AuthorizationCode: () => 60,
      RefreshToken: () => refreshTokenSeconds,
      // A grant that ended before its refresh tokens would end them early.
      Grant: () => refreshTokenSeconds,
      Interaction: () => INTERACTION_SECONDS,
      Session: () => INTERACTION_SECONDS,
    },
    // Both providers always issue refresh tokens, and neither knows the scope `offline_access`.
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    rotateRefreshToken: () => definition.rotateRefreshTokens,
    allowOmittingSingleRegisteredRedirectUri: false,
    assertJwtClientAuthClaimsAndHeader: (_, { exp }) => assertShortLived(exp),
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    clientBasedCORS: () => false,
    renderError(context, { error, error_description: description }) {
      context.type = 'html'
      context.body = faultPage(definition, { error, description }).toString()
    },
  }
}

async function generateSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }
}

/** Jiko wants client assertions to live five minutes at most, and so does this stand-in. */
function assertShortLived(expiry: unknown): void {
  const remainingSeconds = Number(expiry) - Date.now() / 1000
  if (remainingSeconds > MAX_ASSERTION_SECONDS) {
    throw new errors.InvalidClientAuth('the client assertion lives for more than five minutes')
  }
}

/**
 * The provider's API, all of it: one resource behind a bearer token.
 *
 * @see [RFC 6750, section 3 - The WWW-Authenticate Response Header Field](https://www.rfc-editor.org/rfc/rfc6750.html#section-3)
 */
function resource({ resource }: TenantDefinition, provider: Provider): RequestHandler {
  return async (request, response) => {
    const [, value] = /^Bearer (\S+)$/i.exec(request.get('authorization') ?? '') ?? []
    const token = value === undefined ? undefined : await provider.AccessToken.find(value)
    response.set('cache-control', 'no-store')

    if (token?.isValid !== true) {
      response.set(
        'www-authenticate',
        value === undefined ? 'Bearer' : 'Bearer error="invalid_token"',
      )
      response.status(401).json({ error: 'invalid_token' })
    } else if (!token.scopes.has(resource.scope)) {
      response.set('www-authenticate', 'Bearer error="insufficient_scope"')
      response.status(403).json({ error: 'insufficient_scope' })
    } else {
      response.json(resource.read(token.accountId, token.scopes))
    }
  }
}

/** Answers what threw before oidc-provider had its turn: an interaction too old, a body too big. */
function faults(definition: TenantDefinition): ErrorRequestHandler {
  return (fault: unknown, request, response, next) => {
    if (response.headersSent) {
      next(fault)
      return
    }
    const { statusCode = 500, ...known } = fault as Partial<errors.OIDCProviderError>
    const error = known.error ?? (statusCode < 500 ? 'invalid_request' : 'server_error')
    const description =
      fault instanceof errors.SessionNotFound ? LOGIN_IS_OVER : known.error_description

    // What is left of a refused body would be read as the connection's next request.
    response.status(statusCode).set('connection', 'close')
    if (request.accepts(['json', 'html']) === 'html') {
      response.send(faultPage(definition, { error, description }).toString())
    } else {
      response.json({ error, error_description: description })
    }
  }
}
