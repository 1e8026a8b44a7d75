import express from 'express'
import { exportJWK } from 'jose'
import Provider from 'oidc-provider'
import type { Configuration } from 'oidc-provider'
import { createMemory } from '../../example-app/authorization-server/memory-adapter.js'
import { listen } from './http.js'
import type { RunningServer } from './http.js'
import { takeKeyPair } from './keys.js'

/** oidc-provider that anybody may register at, and a resource that takes its tokens. */
export interface RegisteringProvider extends RunningServer {
  /** The address that people enter. */
  readonly address: string
  /** What was done at its endpoints, oldest first: grant types, `registration`, `revocation`. */
  readonly events: string[]
  /** The resources of the token requests. */
  readonly resources: unknown[]
  /** What a request to the resource must have been granted. */
  neededScope: string
}

const DAY_SECONDS = 24 * 60 * 60

/** How long access tokens live, in **seconds**. */
export const ACCESS_TOKEN_SECONDS = 600

/** Starts a {@link RegisteringProvider}. Whoever comes there is Ada, and allows everything. */
export async function startRegisteringProvider(): Promise<RegisteringProvider> {
  const app = express()
  const server = await listen(app)
  const { origin } = server
  const provider = new Provider(origin, await configure(origin))
  const own: RegisteringProvider = {
    ...server,
    address: `${origin}/api`,
    events: [],
    resources: [],
    neededScope: 'read',
  }
  provider.on('grant.success', ({ oidc }) => {
    own.events.push(String(oidc.params?.['grant_type']))
    own.resources.push(oidc.params?.['resource'])
  })
  provider.on('registration_create.success', () => own.events.push('registration'))
  provider.on('revocation.success' as never, () => own.events.push('revocation'))

  app.get('/interaction/:uid', async (req, res) => {
    // Both at once: the test's browser keeps one interaction's cookies at a time.
    const { params } = await provider.interactionDetails(req, res)
    const grant = new provider.Grant({ accountId: 'ada', clientId: String(params['client_id']) })
    grant.addOIDCScope('openid offline_access read write')
    grant.addResourceScope(own.address, 'read write')
    const consent = { grantId: await grant.save() }
    await provider.interactionFinished(req, res, { login: { accountId: 'ada' }, consent })
  })

  app.get('/.well-known/oauth-protected-resource/api', (_req, res) => {
    res.json({
      resource: own.address,
      authorization_servers: [origin],
      scopes_supported: ['read'],
    })
  })
  app.use('/api', async (req, res) => {
    const token = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1]
    const found = token === undefined ? undefined : await provider.AccessToken.find(token)
    const scopes = found?.scope?.split(' ') ?? []
    if (found === undefined || !isFor(found.aud, own.address)) res.status(401)
    else if (scopes.includes(own.neededScope)) res.status(200)
    else {
      const wanted = `Bearer error="insufficient_scope", scope="${own.neededScope}"`
      res.status(403).set('WWW-Authenticate', wanted)
    }
    res.json({ scopes })
  })
  app.use(provider.callback())
  return own
}

function isFor(audience: string | string[] | undefined, resource: string): boolean {
  return [audience].flat().includes(resource)
}

async function configure(origin: string): Promise<Configuration> {
  const { privateKey } = await takeKeyPair('RS256')
  return {
    adapter: createMemory().adapter,
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['a key'] },
    scopes: ['openid', 'offline_access', 'read', 'write'],
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (_context, client, token) => token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => `${origin}/api`,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => ({
          scope: 'read write',
          audience: resource,
          accessTokenTTL: ACCESS_TOKEN_SECONDS,
          accessTokenFormat: 'opaque',
        }),
      },
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    expiresWithSession: () => false,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: ACCESS_TOKEN_SECONDS,
      AuthorizationCode: 60,
      Grant: DAY_SECONDS,
      IdToken: DAY_SECONDS,
      Interaction: DAY_SECONDS,
      RefreshToken: DAY_SECONDS,
      Session: DAY_SECONDS,
    },
  }
}
