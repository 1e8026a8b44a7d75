import type { TokenEndpointError } from '../errors/errors.js'
import type { ProviderOptions } from '../options/options.js'
import { baseUrl } from './base-url.js'
import { nameByAddress } from './provider-name.js'

/** Where people log in if {@link salesforce} is not told otherwise. */
const PUBLIC = 'https://login.salesforce.com'

/**
 * Returns the options for Salesforce: OpenID Connect. The default scope is `openid profile email`; add
 * `refresh_token` to get refresh tokens.
 *
 * Access tokens end with the session at Salesforce, and token responses do not say when. `strategy.fetch`
 * therefore renews an access token once the API has refused it.
 *
 * The strategy's name is `salesforce`; for another address it has that as well, such as
 * `salesforce-test.salesforce.com`.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, salesforce } from 'passport-authorization-code'
 *
 * passport.use(
 *   new AuthorizationCodeStrategy({
 *     ...salesforce(),
 *     clientID: process.env['SALESFORCE_CLIENT_ID'],
 *     clientSecret: process.env['SALESFORCE_CLIENT_SECRET'],
 *     scope: 'openid profile email refresh_token',
 *     callbackURL: 'https://your-app.com/auth/callback',
 *   }),
 * )
 * ```
 *
 * @param url where people log in: `https://login.salesforce.com` if left out, `https://test.salesforce.com` for
 * sandboxes, or your My Domain
 * @throws {ConfigurationError} if it is not an HTTPS URL
 * @see [Salesforce, OAuth 2.0 Web Server Flow for Web App Integration](https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm&type=5)
 * @see [Salesforce, OAuth Endpoints](https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_endpoints.htm&type=5)
 */
export function salesforce(url: string = PUBLIC) {
  const issuer = baseUrl(url)
  return {
    name: issuer === PUBLIC ? 'salesforce' : nameByAddress('salesforce', issuer),
    issuer,
    authorizationURL: `${issuer}/services/oauth2/authorize`,
    tokenURL: `${issuer}/services/oauth2/token`,
    profileURL: `${issuer}/services/oauth2/userinfo`,
    revocationURL: `${issuer}/services/oauth2/revoke`,
    jwksURL: `${issuer}/id/keys`,
    providerSignatureAlgorithms: ['RS256'],
    isGrantRefused,
    scope: 'openid profile email',
  } as const satisfies ProviderOptions
}

/**
 * Salesforce answers `invalid_grant` with this description while it still works on another refresh with the same refresh
 * token, which stays valid.
 */
function isGrantRefused({ error, errorDescription = '' }: TokenEndpointError): false | undefined {
  const isUnderWay = /\balready being processed\b/i.test(errorDescription)
  return error === 'invalid_grant' && isUnderWay ? false : undefined
}
