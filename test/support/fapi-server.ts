import { exportJWK } from 'jose'
import express from 'express'
import { Provider } from 'oidc-provider'
import type { JWK } from 'jose'
import { listen } from './http.js'
import type { RunningServer } from './http.js'
import { takeKeyPair } from './keys.js'

/** An authorization server that takes nothing less than the FAPI 2.0 Security Profile. */
export interface FapiServer extends RunningServer {
  /** The requests it got, as `POST /token`, oldest first. */
  readonly requests: string[]
  /** The members of the pushed authorization requests that it has accepted, oldest first. */
  readonly pushed: Readonly<Record<string, unknown>>[]
  /** The client's key. */
  readonly privateKey: JWK
}

/** What the client is registered with beyond the profile. */
export interface FapiClientOptions {
  readonly redirectURI: string
  readonly postLogoutRedirectURI: string
  /** Signed requests and responses: the FAPI 2.0 Message Signing profile. */
  readonly signsMessages: boolean
  /** Whether the server wants nonces of its own in DPoP proofs. */
  readonly wantsNonces: boolean
}

/**
 * Starts oidc-provider as a FAPI 2.0 server: pushed authorization requests, PKCE, DPoP,
 * `private_key_jwt` with PS256, `iss` in the response. It logs everybody in at once as Ada.
 */
export async function startFapiServer(
  clientOf: (issuer: string) => FapiClientOptions,
): Promise<FapiServer> {
  const app = express()
  const server = await listen(app)
  const requests: string[] = []
  const pushed: Record<string, unknown>[] = []
  const client = await createKey('client-key')
  const signing = await createKey('server-key')
  const { redirectURI, postLogoutRedirectURI, signsMessages, wantsNonces } = clientOf(server.origin)

  const provider = new Provider(server.origin, {
    clients: [
      {
        client_id: 'client-1',
        redirect_uris: [redirectURI],
        post_logout_redirect_uris: [postLogoutRedirectURI],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'PS256',
        id_token_signed_response_alg: 'PS256',
        dpop_bound_access_tokens: true,
        require_pushed_authorization_requests: true,
        jwks: { keys: [client.publicJwk] },
        ...(signsMessages && {
          request_object_signing_alg: 'PS256',
          require_signed_request_object: true,
          authorization_signed_response_alg: 'PS256',
        }),
      },
    ],
    jwks: { keys: [signing.privateJwk] },
    pkce: { required: () => true },
    scopes: ['openid', 'profile'],
    claims: { openid: ['sub'], profile: ['name'] },
    features: {
      devInteractions: { enabled: false },
      dPoP: {
        enabled: true,
        ...(wantsNonces && { nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true }),
      },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      fapi: { enabled: true, profile: '2.0' },
      requestObjects: { enabled: signsMessages },
      jwtResponseModes: { enabled: signsMessages },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = form
        },
      },
    },
    enabledJWA: {
      clientAuthSigningAlgValues: ['PS256'],
      idTokenSigningAlgValues: ['PS256'],
      requestObjectSigningAlgValues: ['PS256'],
      authorizationSigningAlgValues: ['PS256'],
    },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: 'Ada Lovelace' }),
    }),
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client?.clientId ?? '',
        accountId: ctx.oidc.session?.accountId ?? '',
      })
      grant.addOIDCScope('openid profile')
      await grant.save()
      return grant
    },
  })

  provider.on('pushed_authorization_request.success', ({ oidc }) => {
    pushed.push({ ...oidc.body })
  })
  app.use((req, _res, next) => {
    requests.push(`${req.method} ${req.path}`)
    next()
  })
  app.get('/interaction/:uid', (req, res, next) => {
    provider
      .interactionFinished(req, res, { login: { accountId: 'ada' } })
      .catch((error: unknown) => next(error))
  })
  app.use(provider.callback())
  return { ...server, requests, pushed, privateKey: client.privateJwk }
}

async function createKey(kid: string): Promise<{ privateJwk: JWK; publicJwk: JWK }> {
  const { privateKey, publicKey } = await takeKeyPair('PS256')
  const names = { kid, alg: 'PS256', use: 'sig' }
  return {
    privateJwk: { ...(await exportJWK(privateKey)), ...names },
    publicJwk: { ...(await exportJWK(publicKey)), ...names },
  }
}
