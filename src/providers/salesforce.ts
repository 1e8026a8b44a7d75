import type { ProviderOptions } from '../options/options.js'
import { baseUrl } from './base-url.js'

/**
 * Salesforce: OpenID Connect. Access tokens end with the session at Salesforce, and no answer says when: ask
 * for the scope `refresh_token` besides, and `strategy.fetch` renews them when they are refused.
 *
 * @param url where people log in: left out, the login of all; or `https://test.salesforce.com`, or your
 * My Domain
 * @throws {ConfigurationError} when it is not an HTTPS URL
 * @see [Salesforce, OAuth 2.0 Web Server Flow for Web App Integration](https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm&type=5)
 * @see [Salesforce, OAuth Endpoints](https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_endpoints.htm&type=5)
 */
export function salesforce(url = 'https://login.salesforce.com') {
  const issuer = baseUrl(url)
  return {
    name: 'salesforce',
    issuer,
    authorizationURL: `${issuer}/services/oauth2/authorize`,
    tokenURL: `${issuer}/services/oauth2/token`,
    profileURL: `${issuer}/services/oauth2/userinfo`,
    revocationURL: `${issuer}/services/oauth2/revoke`,
    jwksURL: `${issuer}/id/keys`,
    providerSignatureAlgorithms: ['RS256'],
    scope: 'openid profile email',
  } as const satisfies ProviderOptions
}
