import type { ClientMetadata } from 'oidc-provider'
import { CLIENT_ID, commonMetadata, DAY_SECONDS } from './common-metadata.js'
import { lastingUUID } from './lasting-uuid.js'
import type { AuthorizationServerOptions } from './options.js'
import type { TenantDefinition } from './tenant-definition.js'
import type { JikoTenant } from './tenants.js'

/** The stand-in for Jiko. */
export function defineJiko(
  options: AuthorizationServerOptions,
  jwks: NonNullable<ClientMetadata['jwks']>,
): TenantDefinition {
  return {
    tenant: 'jiko',
    displayName: 'Jiko',
    port: options.ports?.jiko ?? 0,
    paths: {
      authorization: '/api/oauth2/authorize',
      token: '/api/oauth2/token',
      revocation: '/api/oauth2/revoke',
      resource: '/pockets',
    },
    client: {
      ...commonMetadata(options.callbackURLs?.jiko),
      jwks,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'PS256',
    },
    tokenRequestFormat: 'form',
    isRedirectURIRequired: false,
    isPkceRequired: true,
    scopes: { 'pockets.read': 'See your pockets and what is in them' },
    accessTokenSeconds: options.accessTokenSeconds?.jiko ?? 15 * 60,
    refreshTokenSeconds: options.refreshTokenSeconds?.jiko ?? 90 * DAY_SECONDS,
    rotateRefreshTokens: options.rotateRefreshTokens ?? true,
    onTokenRequest: options.onTokenRequest,
    onRevocation: options.onRevocation,
    resource: { scope: 'pockets.read', read: readPockets },
  }
}

/** How to reach it. */
export function jikoTenant(
  origin: string,
  key: Pick<JikoTenant, 'privateKey' | 'keyId'>,
): JikoTenant {
  return {
    authorizationURL: `${origin}/api/oauth2/authorize`,
    tokenURL: `${origin}/api/oauth2/token`,
    revocationURL: `${origin}/api/oauth2/revoke`,
    apiURL: `${origin}/pockets`,
    clientID: CLIENT_ID,
    ...key,
  }
}

/**
 * @see [Jiko, List Customer Pockets](https://docs.jiko.io/products/customer-api/reference/pockets-v2)
 */
function readPockets(account: string) {
  const pocket = (name: string, strategy: string, cents: number) => ({
    id: lastingUUID(`${account}/${name}`),
    object_type: 'Pocket',
    pocket_name: name,
    status: 'OPEN',
    deposit_strategy_id: strategy,
    reinvestment_strategy_id: strategy,
    portfolio: { total_value: { value: cents, currency: 'USD' } },
  })
  return {
    object_type: 'List',
    prev_page: null,
    next_page: null,
    items: [
      pocket('Payroll', 'UST-4W', 48_250_00),
      pocket('Taxes in spring', 'UST-26W', 21_180_50),
      pocket('A new engine', 'UST-52W', 7_312_75),
    ],
  }
}
