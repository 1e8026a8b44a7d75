import type { ProviderOptions } from '../options/options.js'
import { baseUrl } from './base-url.js'
import { nameByAddress } from './provider-name.js'

/**
 * Returns the options for Okta: OpenID Connect. The default scope is `openid profile email`; add
 * `offline_access` to get refresh tokens.
 *
 * The strategy's name has the address, such as `okta-your-org.okta.com_oauth2_default`, so that the people of two
 * organizations are never confused. Use `strategy.name` where a name is needed, or set `name` after the spread.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, okta } from 'passport-authorization-code'
 *
 * passport.use(
 *   new AuthorizationCodeStrategy({
 *     ...okta('https://your-org.okta.com/oauth2/default'),
 *     clientID: process.env['OKTA_CLIENT_ID'],
 *     clientSecret: process.env['OKTA_CLIENT_SECRET'],
 *     callbackURL: 'https://your-app.com/auth/callback',
 *   }),
 * )
 * ```
 *
 * @param issuer the address of a custom authorization server, such as `https://your-org.okta.com/oauth2/default`, or
 * of the organization's own server, `https://your-org.okta.com`
 * @throws {ConfigurationError} if it is missing or not an HTTPS URL
 * @see [Okta, OpenID Connect & OAuth 2.0](https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/)
 */
export function okta(issuer: string | undefined) {
  const own = baseUrl(issuer)
  const base = new URL(own).pathname === '/' ? `${own}/oauth2` : own
  return {
    name: nameByAddress('okta', own),
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
