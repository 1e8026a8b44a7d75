import { CLIENT_ID, commonMetadata, DAY_SECONDS } from './common-metadata.js'
import { emailOf } from './email-of.js'
import type { AuthorizationServerOptions } from './options.js'
import type { TenantDefinition } from './tenant-definition.js'
import type { OpenIdTenant } from './tenants.js'

/**
 * Example ID: a provider of no real company, which has what Askara and Jiko do not document. It issues ID tokens,
 * remembers who is logged in and what they have allowed, and tells its clients of logouts.
 */
export function defineOpenId(
  options: AuthorizationServerOptions,
  clientSecret: string,
): TenantDefinition {
  const { logoutURLs } = options
  return {
    tenant: 'openid',
    displayName: 'Example ID',
    port: options.ports?.openid ?? 0,
    paths: {
      authorization: '/authorize',
      token: '/token',
      revocation: '/revoke',
      resource: '/payments',
    },
    client: {
      ...commonMetadata(options.callbackURLs?.openid),
      client_secret: clientSecret,
      token_endpoint_auth_method: 'client_secret_post',
      ...(logoutURLs && {
        post_logout_redirect_uris: [logoutURLs.postLogoutRedirectURL],
        backchannel_logout_uri: logoutURLs.backchannelLogoutURL,
        backchannel_logout_session_required: true,
      }),
    },
    tokenRequestFormat: 'form',
    isRedirectURIRequired: true,
    isPkceRequired: true,
    scopes: {
      openid: 'Recognize you',
      profile: 'See your name',
      email: 'See your e-mail address',
      payments: 'See your payments',
    },
    openIdClaims: (account) => ({ name: account, email: emailOf(account) }),
    accessTokenSeconds: options.accessTokenSeconds?.openid ?? 60 * 60,
    refreshTokenSeconds: options.refreshTokenSeconds?.openid ?? 90 * DAY_SECONDS,
    rotateRefreshTokens: options.rotateRefreshTokens ?? true,
    onTokenRequest: options.onTokenRequest,
    onRevocation: options.onRevocation,
    resource: { scope: 'payments', read: readPayments },
  }
}

/** How to reach it. */
export function openIdTenant(issuer: string, clientSecret: string): OpenIdTenant {
  return { issuer, clientID: CLIENT_ID, clientSecret, paymentsURL: `${issuer}/payments` }
}

function readPayments() {
  return [
    { to: 'Brass and gears', cents: 18_400 },
    { to: 'Punched cards', cents: 2_350 },
  ]
}
