import type { ProviderOptions } from '../options/options.js'
import { baseUrl } from './base-url.js'

/**
 * GitLab, gitlab.com or your own: OpenID Connect, access tokens of two hours, refresh tokens that work once.
 *
 * @param url where GitLab is
 * @throws {ConfigurationError} when it is not an HTTPS URL
 * @see [GitLab, OAuth 2.0 identity provider API](https://docs.gitlab.com/api/oauth2/)
 * @see [GitLab, OpenID Connect identity](https://docs.gitlab.com/integration/openid_connect_provider/)
 */
export function gitlab(url = 'https://gitlab.com') {
  const issuer = baseUrl(url)
  return {
    name: 'gitlab',
    issuer,
    authorizationURL: `${issuer}/oauth/authorize`,
    tokenURL: `${issuer}/oauth/token`,
    profileURL: `${issuer}/oauth/userinfo`,
    revocationURL: `${issuer}/oauth/revoke`,
    jwksURL: `${issuer}/oauth/discovery/keys`,
    scope: 'openid profile email',
  } as const satisfies ProviderOptions
}
