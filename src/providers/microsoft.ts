import { ConfigurationError } from '../errors/errors.js'
import type { ProviderOptions } from '../options/options.js'

/**
 * The options that {@link microsoft} returns. `issuer` and `jwksURL` are set only for the id of a tenant.
 */
export type MicrosoftProvider = ProviderOptions & { readonly name: string }

/** A GUID. Only a tenant's id is part of the issuer, so only then the issuer is known in advance. */
const TENANT_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/**
 * Returns the options for Microsoft Entra ID and personal Microsoft accounts: OpenID Connect, access tokens that
 * live for about an hour. The default scope is `openid profile email`; add `offline_access` to get refresh tokens.
 *
 * With the id of a tenant, ID tokens are validated, and logging out ends the session at Microsoft as well. With `common`, `organizations`, `consumers` or a domain they
 * are not used, because each tenant signs as its own issuer: the profile comes from the UserInfo endpoint.
 *
 * The strategy's name has the tenant, such as `microsoft-common`, so that the people of two tenants are never confused.
 * Use `strategy.name` where a name is needed, or set `name` after the spread.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, microsoft } from 'passport-authorization-code'
 *
 * passport.use(
 *   new AuthorizationCodeStrategy({
 *     ...microsoft(process.env['MICROSOFT_TENANT_ID']),
 *     clientID: process.env['MICROSOFT_CLIENT_ID'],
 *     clientSecret: process.env['MICROSOFT_CLIENT_SECRET'],
 *     scope: 'openid profile email offline_access',
 *     callbackURL: 'https://your-app.com/auth/callback',
 *   }),
 * )
 * ```
 *
 * @param tenant the id (a GUID) or domain of a tenant; or `organizations`, `consumers`, or `common` for the accounts
 * of both. There is no default, so that an environment variable that is not set cannot open the login to everybody.
 * @throws {ConfigurationError} if it is missing or cannot be part of a URL
 * @see [Microsoft, OpenID Connect on the Microsoft identity platform](https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc)
 * @see [Microsoft, OAuth 2.0 authorization code flow](https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow)
 */
export function microsoft(tenant: string | undefined): MicrosoftProvider {
  if (tenant === undefined || !/^[\w.-]+$/.test(tenant)) {
    throw new ConfigurationError('The tenant must be an id, a domain, or a word such as common.')
  }
  const base = `https://login.microsoftonline.com/${tenant}`
  return {
    name: `microsoft-${tenant.toLowerCase()}`,
    authorizationURL: `${base}/oauth2/v2.0/authorize`,
    tokenURL: `${base}/oauth2/v2.0/token`,
    profileURL: 'https://graph.microsoft.com/oidc/userinfo',
    endSessionURL: `${base}/oauth2/v2.0/logout`,
    scope: 'openid profile email',
    ...(TENANT_ID.test(tenant) && {
      issuer: `${base.toLowerCase()}/v2.0`,
      jwksURL: `${base}/discovery/v2.0/keys`,
    }),
  }
}
