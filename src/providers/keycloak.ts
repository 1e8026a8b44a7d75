import type { ProviderOptions } from '../options/options.js'
import { baseUrl } from './base-url.js'

/**
 * Keycloak: OpenID Connect, access tokens of five minutes unless the realm says otherwise.
 *
 * @param issuer of a realm, such as `https://login.example.com/realms/your-realm`
 * @throws {ConfigurationError} when it is not an HTTPS URL
 * @see [Keycloak, Securing applications and services with OpenID Connect](https://www.keycloak.org/securing-apps/oidc-layers)
 */
export function keycloak(issuer: string | undefined) {
  const realm = baseUrl(issuer)
  const base = `${realm}/protocol/openid-connect`
  return {
    name: 'keycloak',
    issuer: realm,
    authorizationURL: `${base}/auth`,
    tokenURL: `${base}/token`,
    profileURL: `${base}/userinfo`,
    revocationURL: `${base}/revoke`,
    endSessionURL: `${base}/logout`,
    jwksURL: `${base}/certs`,
    scope: 'openid profile email',
  } as const satisfies ProviderOptions
}
