import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import express, {
  Router,
  type ErrorRequestHandler,
  type Express,
  type RequestHandler,
} from 'express'
import Provider, { errors } from 'oidc-provider'
import { configure } from './configuration.js'
import { createConsents, type Consents } from './consents.js'
import { interactions } from './interactions.js'
import { createMemory } from './memory-adapter.js'
import { pageHeaders } from './page-headers.js'
import { faultPage } from './pages.js'
import type { TenantDefinition, TenantResource } from './tenant-definition.js'
import { tokenRequests } from './token-requests.js'

/** A provider that listens. */
export interface RunningTenant {
  /** Such as `http://127.0.0.1:54321`. It is the issuer identifier as well. */
  readonly origin: string
  /** Ends all that was granted so far. */
  endGrants(): void
  close(): Promise<void>
}

const LOGIN_IS_OVER =
  'This login was finished already, or left open for too long. Go back to the application and start again.'
const PUBLIC_DIRECTORY = fileURLToPath(new URL('../public', import.meta.url))

/** Starts one provider on a port of its own, as the real ones are on hosts of their own. */
export async function startTenant(definition: TenantDefinition): Promise<RunningTenant> {
  const isOpenId = definition.openIdClaims !== undefined
  const memory = createMemory({ keepsSessions: isOpenId })
  const consents = isOpenId ? createConsents() : undefined
  const configuration = await configure(definition, memory.adapter, consents)
  const server = createServer()
  server.listen(definition.port, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`

  try {
    server.on('request', createApp(definition, new Provider(origin, configuration), consents))
  } catch (error) {
    server.close()
    throw error
  }

  return {
    origin,
    endGrants() {
      memory.clear()
      consents?.clear()
    },
    async close() {
      if (!server.listening) return
      server.closeAllConnections()
      await promisify(server.close.bind(server))()
    },
  }
}

function createApp(
  definition: TenantDefinition,
  provider: Provider,
  consents: Consents | undefined,
): Express {
  const { onRevocation, onTokenRequest, paths, tenant, tokenRequestFormat } = definition
  const answer = provider.callback()

  const app = express().disable('x-powered-by')
  app.use(express.static(PUBLIC_DIRECTORY))
  app.use(resource(definition, provider))
  app.use('/interaction', interactions({ ...definition, provider, consents }))
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
  const redirectURI = source?.redirectUri ?? client?.redirect_uris[0]
  if (redirectURI !== undefined) completed.set('redirect_uri', redirectURI)
  return completed
}

/** The provider's API. */
function resource({ paths, resource }: TenantDefinition, provider: Provider): Router {
  if (!('createRouter' in resource)) {
    return Router().get(paths.resource, oneResource(resource, provider))
  }
  return resource.createRouter({
    issuer: provider.issuer,
    resource: provider.issuer + paths.resource,
    async findToken(value) {
      const token = await provider.AccessToken.find(value)
      if (token?.isValid !== true) return undefined
      return {
        account: token.accountId,
        clientID: token.clientId ?? '',
        scopes: [...token.scopes],
        audience: String(token.aud),
        expiresAt: token.exp ?? 0,
      }
    },
  })
}

/**
 * An API that is one resource behind a bearer token.
 *
 * @see [RFC 6750, section 3 - The WWW-Authenticate Response Header Field](https://www.rfc-editor.org/rfc/rfc6750.html#section-3)
 */
function oneResource(resource: TenantResource, provider: Provider): RequestHandler {
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
