import type { ParseAuthorizationError } from '../options/parse-authorization-error.js'
import type { ProviderOptions } from '../options/options.js'
import { baseUrl } from './base-url.js'
import { nameByAddress } from './provider-name.js'

/**
 * Returns the options for an Auth0 tenant: OpenID Connect. The default scope is `openid profile email`; add
 * `offline_access` to get refresh tokens.
 *
 * In tenants with the setting "Refresh Token Revocation Deletes Grant", which those from before 2021 have unless it was
 * turned off, revoking one refresh token ends all of that person at this client and audience. So logging out revokes
 * only if it is known that nothing else of that person is alive, which needs the option `grants`. If the setting is off,
 * add `revocationEnds: 'token'`: then each logout revokes.
 *
 * The strategy's name has the domain, such as `auth0-your-tenant.eu.auth0.com`, so that the people of two tenants are
 * never confused. Use `strategy.name` where a name is needed, or set `name` after the spread.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, auth0 } from 'passport-authorization-code'
 *
 * passport.use(
 *   new AuthorizationCodeStrategy({
 *     ...auth0('your-tenant.eu.auth0.com'),
 *     clientID: process.env['AUTH0_CLIENT_ID'],
 *     clientSecret: process.env['AUTH0_CLIENT_SECRET'],
 *     callbackURL: 'https://your-app.com/auth/callback',
 *   }),
 * )
 * ```
 *
 * @example Access tokens for your own API
 * ```ts
 * import { auth0 } from 'passport-authorization-code'
 *
 * const provider = {
 *   ...auth0(process.env['AUTH0_DOMAIN']),
 *   authorizationParameters: { audience: 'https://your-api' },
 * }
 * ```
 *
 * @param domain the tenant's domain, such as `your-tenant.eu.auth0.com`, your custom domain, or the HTTPS URL of either
 * @throws {ConfigurationError} if it is missing, or neither a domain nor an HTTPS URL
 * @see [Auth0, Authentication API](https://auth0.com/docs/api/authentication)
 * @see [Auth0, Revoke Refresh Tokens](https://auth0.com/docs/secure/tokens/refresh-tokens/revoke-refresh-tokens)
 * @see [Auth0, Log Users Out of Auth0 with OIDC Endpoint](https://auth0.com/docs/authenticate/login/logout/log-users-out-of-auth0)
 */
export function auth0(domain: string | undefined) {
  const isUrl = domain === undefined || domain.includes('://')
  const base = baseUrl(isUrl ? domain : `https://${domain}`)
  return {
    name: nameByAddress('auth0', base),
    // Auth0's issuers end with a slash.
    issuer: `${base}/`,
    authorizationURL: `${base}/authorize`,
    tokenURL: `${base}/oauth/token`,
    profileURL: `${base}/userinfo`,
    revocationURL: `${base}/oauth/revoke`,
    revocationEnds: 'grant',
    endSessionURL: `${base}/oidc/logout`,
    jwksURL: `${base}/.well-known/jwks.json`,
    parseAuthorizationError,
    scope: 'openid profile email',
  } as const satisfies ProviderOptions
}

/** Auth0 says `unauthorized` of a person who is blocked, or whom a rule or an action of the tenant denies the login. */
const parseAuthorizationError: ParseAuthorizationError = ({ error, ...others }) =>
  error === 'unauthorized' ? { ...others, error: 'access_denied' } : undefined
