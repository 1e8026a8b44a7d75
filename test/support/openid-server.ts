import express from 'express'
import { exportJWK } from 'jose'
import Provider from 'oidc-provider'
import type { ClientMetadata, Configuration } from 'oidc-provider'
import { createMemory } from '../../example-app/authorization-server/memory-adapter.js'
import { interactions } from '../../example-app/authorization-server/interactions.js'
import { listen } from './http.js'
import type { RunningServer } from './http.js'
import { takeKeyPair } from './keys.js'

/** An OpenID provider with a login page and a consent page. Its origin is its issuer identifier. */
export interface OpenIdServer extends RunningServer {
  readonly clientID: string
  readonly clientSecret: string
  /** Where people's names are to be had for an access token. */
  readonly userInfoURL: string
  /** The grant types of the token requests so far. */
  readonly tokenRequests: readonly string[]
}

/** How long access tokens live, in **seconds**. */
export const ACCESS_TOKEN_SECONDS = 600

const SCOPES = { openid: 'know who you are', profile: 'know your name' }
const DAY_SECONDS = 24 * 60 * 60

/**
 * Starts oidc-provider with one client, whose callback this is. Whoever a person says they are, they are.
 *
 * @param registered further metadata of the client, such as its keys and what is encrypted for it
 */
export async function startOpenIdServer(
  callbackURL: string,
  registered: Partial<ClientMetadata> = {},
): Promise<OpenIdServer> {
  const app = express()
  const server = await listen(app)
  const client = { clientID: 'client-1', clientSecret: 'secret-1'.repeat(4) }
  const tokenRequests: string[] = []
  const provider = new Provider(server.origin, await configure(client, callbackURL, registered))
  provider.on('grant.success', (context) => {
    tokenRequests.push(String(context.oidc.params?.['grant_type']))
  })
  app.use(
    '/interaction',
    interactions({
      provider,
      tenant: 'askara',
      displayName: 'The Provider',
      scopes: SCOPES,
    }),
  )
  app.use(provider.callback())
  return { ...server, ...client, userInfoURL: `${server.origin}/me`, tokenRequests }
}

async function configure(
  { clientID, clientSecret }: Pick<OpenIdServer, 'clientID' | 'clientSecret'>,
  callbackURL: string,
  registered: Partial<ClientMetadata>,
): Promise<Configuration> {
  const { privateKey } = await takeKeyPair('RS256')
  return {
    adapter: createMemory().adapter,
    clients: [
      {
        client_id: clientID,
        client_secret: clientSecret,
        redirect_uris: [callbackURL],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_post',
        ...registered,
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [clientSecret] },
    scopes: Object.keys(SCOPES),
    claims: { openid: ['sub'], profile: ['name'] },
    // Otherwise names are at the UserInfo endpoint alone.
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      encryption: { enabled: true },
      jwtUserinfo: { enabled: true },
      rpInitiatedLogout: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_context, client, token) => token.clientId === client.clientId,
      },
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub, name: sub }) }),
    // The example's adapter keeps no sessions.
    expiresWithSession: () => false,
    issueRefreshToken: () => true,
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
