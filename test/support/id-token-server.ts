import type { IncomingMessage, ServerResponse } from 'node:http'
import { exportJWK } from 'jose'
import type { JWK } from 'jose'
import Provider from 'oidc-provider'
import type { Configuration } from 'oidc-provider'
import { createMemory } from '../../example-app/authorization-server/memory-adapter.js'
import { listen } from './http.js'
import type { RunningServer } from './http.js'
import { takeKeyPair } from './keys.js'

/** An oidc-provider that logs everybody in at once as Ada, and can change its keys. */
export interface IdTokenServer extends RunningServer {
  readonly clientID: string
  readonly clientSecret: string
  /** How often it has changed its key. */
  readonly rotations: () => number
  /** The requests so far, as `GET /jwks`, oldest first. */
  readonly requests: readonly string[]
}

/** How ID tokens are signed. */
export interface IdTokenServerOptions {
  readonly callbackURL: string
  readonly algorithm: 'HS256' | 'HS384' | 'HS512' | 'ES256' | 'RS256'
  /** Whether it takes a new key before each token request. It goes on publishing the old ones, as a provider does. */
  readonly rotates?: boolean
  /** Where its logout page leads, which has a button “Yes”; left out if it has neither that nor revocation. */
  readonly postLogoutRedirectURL?: string
}

/** Starts it. */
export async function startIdTokenServer(options: IdTokenServerOptions): Promise<IdTokenServer> {
  const client = { clientID: 'client-1', clientSecret: 'secret-1'.repeat(8) }
  // To log out there, one has to be logged in there: oidc-provider's own adapter keeps sessions.
  const kept = options.postLogoutRedirectURL === undefined ? createMemory() : {}
  const requests: string[] = []
  const keys: JWK[] = [await createKey(0)]
  let rotations = 0
  let handle: ReturnType<Provider['callback']> | undefined
  let provider: Provider | undefined

  const server = await listen((req, res) => {
    void answer(req, res).catch((error: unknown) => res.destroy(error as Error))
  })
  const restart = (): void => {
    provider = new Provider(server.origin, { ...configure(client, options, keys), ...kept })
    handle = provider.callback()
  }
  restart()

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = new URL(req.url ?? '/', server.origin).pathname
    requests.push(`${req.method ?? ''} ${path}`)
    if (path.startsWith('/interaction/')) {
      return provider?.interactionFinished(req, res, { login: { accountId: 'ada' } })
    }
    if (options.rotates === true && path === '/token') {
      rotations += 1
      keys.unshift(await createKey(rotations))
      restart()
    }
    await handle?.(req, res)
  }

  return { ...server, ...client, rotations: () => rotations, requests }
}

/** In **seconds**. */
const DAY = 24 * 60 * 60

/** oidc-provider signs with the first key that fits. */
async function createKey(number: number): Promise<JWK> {
  const { privateKey } = await takeKeyPair('ES256')
  return { ...(await exportJWK(privateKey)), kid: `key-${number}`, alg: 'ES256', use: 'sig' }
}

function configure(
  { clientID, clientSecret }: Pick<IdTokenServer, 'clientID' | 'clientSecret'>,
  { callbackURL, algorithm, postLogoutRedirectURL }: IdTokenServerOptions,
  keys: readonly JWK[],
): Configuration {
  return {
    clients: [
      {
        client_id: clientID,
        client_secret: clientSecret,
        redirect_uris: [callbackURL],
        ...(postLogoutRedirectURL !== undefined && {
          post_logout_redirect_uris: [postLogoutRedirectURL],
        }),
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: algorithm,
      },
    ],
    enabledJWA: { idTokenSigningAlgValues: [algorithm] },
    jwks: { keys: [...keys] },
    cookies: { keys: [clientSecret] },
    scopes: ['openid'],
    features: {
      devInteractions: { enabled: false },
      revocation: {
        enabled: postLogoutRedirectURL !== undefined,
        allowedPolicy: (_context, client, token) => token.clientId === client.clientId,
      },
      rpInitiatedLogout: {
        enabled: postLogoutRedirectURL !== undefined,
        logoutSource(context, form) {
          context.body = `${form}<button form="op.logoutForm" name="logout" value="yes">Yes</button>`
        },
      },
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    // The example's adapter keeps no sessions.
    expiresWithSession: () => false,
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: DAY,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: DAY,
      Session: DAY,
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    loadExistingGrant: async (context) => {
      const grant = new context.oidc.provider.Grant({
        clientId: clientID,
        accountId: context.oidc.session?.accountId ?? '',
      })
      grant.addOIDCScope('openid')
      await grant.save()
      return grant
    },
  }
}
