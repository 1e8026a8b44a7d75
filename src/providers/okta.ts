import type { ProviderOptions } from '../options/options.js'
import { baseUrl } from './base-url.js'

/**
 * Okta: OpenID Connect. For refresh tokens, ask for the scope `offline_access` besides.
 *
 * @param issuer of a custom authorization server, such as `https://your-org.okta.com/oauth2/default`, or of
 * the organization's own, `https://your-org.okta.com`
 * @throws {ConfigurationError} when it is not an HTTPS URL
 * @see [Okta, OpenID Connect & OAuth 2.0](https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/)
 */
export function okta(issuer: string | undefined) {
  const own = baseUrl(issuer)
  const base = new URL(own).pathname === '/' ? `${own}/oauth2` : own
  return {
    name: 'okta',
    issuer: own,
    authorizationURL: `${base}/v1/authorize`,
    tokenURL: `${base}/v1/token`,
    profileURL: `${base}/v1/userinfo`,
    revocationURL: `${base}/v1/revoke`,
    endSessionURL: `${base}/v1/logout`,
    jwksURL: `${base}/v1/keys`,
    scope: 'openid profile email',
  } as const satisfies ProviderOptions
}
