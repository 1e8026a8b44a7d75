import type { ProviderOptions } from '../options/options.js'
import { baseUrl } from './base-url.js'
import type { BaseUrlOptions } from './base-url.js'
import { nameByAddress } from './provider-name.js'

/**
 * Returns the options for a realm of a Keycloak server: OpenID Connect, access tokens that live for five minutes
 * unless the realm is set otherwise. The default scope is `openid profile email`.
 *
 * Servers without a correction of January 2025 end all logins of a person at the client when one refresh token is revoked, as
 * a logout does. For such a server, add `revocationEnds: 'grant'`.
 *
 * The strategy's name has the address of the realm, such as `keycloak-login.example.com_realms_your-realm`, so that the
 * people of two realms are never confused. Use `strategy.name` where a name is needed, or set `name` after the spread.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, keycloak } from 'passport-authorization-code'
 *
 * passport.use(
 *   new AuthorizationCodeStrategy({
 *     ...keycloak('https://login.example.com/realms/your-realm'),
 *     clientID: process.env['KEYCLOAK_CLIENT_ID'],
 *     clientSecret: process.env['KEYCLOAK_CLIENT_SECRET'],
 *     callbackURL: 'https://your-app.com/auth/callback',
 *   }),
 * )
 * ```
 *
 * @param issuer the address of the realm, such as `https://login.example.com/realms/your-realm`
 * @param options `dangerouslyAllowHttp` for a realm that is reached by plain HTTP while you develop
 * @throws {ConfigurationError} if it is missing or not an HTTPS URL
 * @see [Keycloak, Securing applications and services with OpenID Connect](https://www.keycloak.org/securing-apps/oidc-layers)
 * @see [Keycloak, issue 35486](https://github.com/keycloak/keycloak/issues/35486) - what a revocation ends
 */
export function keycloak(issuer: string | undefined, options: BaseUrlOptions = {}) {
  const realm = baseUrl(issuer, options)
  const base = `${realm}/protocol/openid-connect`
  return {
    name: nameByAddress('keycloak', realm),
    issuer: realm,
    authorizationURL: `${base}/auth`,
    tokenURL: `${base}/token`,
    profileURL: `${base}/userinfo`,
    revocationURL: `${base}/revoke`,
    endSessionURL: `${base}/logout`,
    jwksURL: `${base}/certs`,
    scope: 'openid profile email',
    ...options,
  } as const satisfies ProviderOptions
}
