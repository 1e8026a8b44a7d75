import { ConfigurationError } from '../errors/errors.js'
import type { ProviderOptions } from '../options/options.js'

/** What {@link microsoft} returns. */
export type MicrosoftProvider = ProviderOptions & { readonly name: 'microsoft' }

const TENANT_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/**
 * Microsoft Entra ID and personal Microsoft accounts: OpenID Connect, access tokens of about an hour. For
 * refresh tokens, ask for the scope `offline_access` besides.
 *
 * With a tenant's id, ID tokens are checked and logging out ends the session there, too. With `common`,
 * `organizations`, `consumers` or a domain, each tenant signs as an issuer of its own: ID tokens are left
 * aside then, and the profile comes from the UserInfo endpoint.
 *
 * @param tenant its id (a GUID) or domain, or whose accounts may log in: `organizations`, `consumers`, or
 * `common` for both. There is no default: an unset environment variable must not let everybody in.
 * @throws {ConfigurationError} when it is missing or cannot be part of a URL
 * @see [Microsoft, OpenID Connect on the Microsoft identity platform](https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc)
 * @see [Microsoft, OAuth 2.0 authorization code flow](https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow)
 */
export function microsoft(tenant: string | undefined): MicrosoftProvider {
  if (tenant === undefined || !/^[\w.-]+$/.test(tenant)) {
    throw new ConfigurationError('The tenant must be an id, a domain, or a word such as common.')
  }
  const base = `https://login.microsoftonline.com/${tenant}`
  return {
    name: 'microsoft',
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
