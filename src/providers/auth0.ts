import type { ProviderOptions } from '../options/options.js'
import { baseUrl } from './base-url.js'

/**
 * Auth0: OpenID Connect. For refresh tokens, ask for the scope `offline_access` besides; for access tokens
 * to an API of your own, name it: `authorizationParameters: { audience: 'https://your-api' }`.
 *
 * @param domain of the tenant, such as `your-tenant.eu.auth0.com`, or your custom domain; or its HTTPS URL
 * @throws {ConfigurationError} when it is neither
 * @see [Auth0, Authentication API](https://auth0.com/docs/api/authentication)
 * @see [Auth0, Log Users Out of Auth0 with OIDC Endpoint](https://auth0.com/docs/authenticate/login/logout/log-users-out-of-auth0)
 */
export function auth0(domain: string | undefined) {
  const isUrl = domain === undefined || domain.includes('://')
  const base = baseUrl(isUrl ? domain : `https://${domain}`)
  return {
    name: 'auth0',
    // Auth0's issuers end with a slash.
    issuer: `${base}/`,
    authorizationURL: `${base}/authorize`,
    tokenURL: `${base}/oauth/token`,
    profileURL: `${base}/userinfo`,
    revocationURL: `${base}/oauth/revoke`,
    endSessionURL: `${base}/oidc/logout`,
    jwksURL: `${base}/.well-known/jwks.json`,
    scope: 'openid profile email',
  } as const satisfies ProviderOptions
}
