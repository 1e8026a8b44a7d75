import type { ProviderOptions } from '../options/options.js'
import { baseUrl } from './base-url.js'
import type { BaseUrlOptions } from './base-url.js'
import { nameByAddress } from './provider-name.js'

/** The server that {@link gitlab} uses if it is given none. */
const PUBLIC = 'https://gitlab.com'

/**
 * Returns the options for GitLab, either gitlab.com or a server of your own: OpenID Connect, access tokens that
 * live for two hours, refresh tokens that work once. The default scope is `openid profile email`.
 *
 * The strategy's name is `gitlab`; for a server of your own it has the address as well, such as
 * `gitlab-gitlab.example.com`, because person 1 there is another than person 1 at gitlab.com.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, gitlab } from 'passport-authorization-code'
 *
 * passport.use(
 *   new AuthorizationCodeStrategy({
 *     ...gitlab(),
 *     clientID: process.env['GITLAB_CLIENT_ID'],
 *     clientSecret: process.env['GITLAB_CLIENT_SECRET'],
 *     callbackURL: 'https://your-app.com/auth/callback',
 *   }),
 * )
 * ```
 *
 * @example A server of your own
 * ```ts
 * import { gitlab } from 'passport-authorization-code'
 *
 * const provider = gitlab('https://gitlab.example.com')
 * ```
 *
 * @param url the address of the GitLab server; `https://gitlab.com` if left out
 * @param options `dangerouslyAllowHttp` for a server that is reached by plain HTTP while you develop
 * @throws {ConfigurationError} if it is not an HTTPS URL
 * @see [GitLab, OAuth 2.0 identity provider API](https://docs.gitlab.com/api/oauth2/)
 * @see [GitLab, OpenID Connect identity](https://docs.gitlab.com/integration/openid_connect_provider/)
 */
export function gitlab(url: string = PUBLIC, options: BaseUrlOptions = {}) {
  const issuer = baseUrl(url, options)
  return {
    name: issuer === PUBLIC ? 'gitlab' : nameByAddress('gitlab', issuer),
    issuer,
    authorizationURL: `${issuer}/oauth/authorize`,
    tokenURL: `${issuer}/oauth/token`,
    profileURL: `${issuer}/oauth/userinfo`,
    revocationURL: `${issuer}/oauth/revoke`,
    jwksURL: `${issuer}/oauth/discovery/keys`,
    scope: 'openid profile email',
    ...options,
  } as const satisfies ProviderOptions
}
