import { CLIENT_ID, commonMetadata, DAY_SECONDS } from './common-metadata.js'
import { emailOf } from './email-of.js'
import { lastingUUID } from './lasting-uuid.js'
import type { AuthorizationServerOptions } from './options.js'
import type { TenantDefinition } from './tenant-definition.js'
import type { AskaraTenant } from './tenants.js'

/** The stand-in for Askara. */
export function defineAskara(
  options: AuthorizationServerOptions,
  clientSecret: string,
): TenantDefinition {
  return {
    tenant: 'askara',
    displayName: 'Askara',
    port: options.ports?.askara ?? 0,
    paths: {
      authorization: '/authorize',
      token: '/oauth2/token',
      revocation: '/oauth2/revoke',
      resource: '/me',
    },
    client: {
      ...commonMetadata(options.callbackURLs?.askara),
      client_secret: clientSecret,
      token_endpoint_auth_method: 'client_secret_post',
    },
    tokenRequestFormat: 'json',
    isRedirectURIRequired: true,
    isPkceRequired: false,
    scopes: {
      profile: 'See your name and e-mail address',
      organization: 'See the organization you work for',
    },
    accessTokenSeconds: options.accessTokenSeconds?.askara ?? 60 * 60,
    refreshTokenSeconds: options.refreshTokenSeconds?.askara ?? 90 * DAY_SECONDS,
    rotateRefreshTokens: options.rotateRefreshTokens ?? true,
    onTokenRequest: options.onTokenRequest,
    onRevocation: options.onRevocation,
    resource: { scope: 'profile', read: readProfile },
  }
}

/** How to reach it. */
export function askaraTenant(origin: string, clientSecret: string): AskaraTenant {
  return {
    authorizationURL: `${origin}/authorize`,
    tokenURL: `${origin}/oauth2/token`,
    revocationURL: `${origin}/oauth2/revoke`,
    profileURL: `${origin}/me`,
    clientID: CLIENT_ID,
    clientSecret,
  }
}

/**
 * @see [Askara, Retrieve current user](https://developers.askara.ai/apis/askara-symfony/askara-api/user/api_user)
 */
function readProfile(account: string, scopes: ReadonlySet<string>) {
  const [firstName = '', ...otherNames] = account.split(' ')
  const organization = {
    uuid: lastingUUID('Analytical Engines'),
    name: 'Analytical Engines',
    city: 'Strasbourg',
    country: 'FR',
  }
  return {
    uuid: lastingUUID(account),
    email: emailOf(account),
    firstName,
    lastName: otherNames.join(' ') || null,
    isVerified: true,
    ...(scopes.has('organization') && { organization }),
  }
}
