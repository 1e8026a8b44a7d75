import { isObject } from '../client/answer.js'
import type { ProviderOptions } from '../options/options.js'
import type { ParsedProfile } from '../options/profile.js'

/**
 * The options for GitHub, for both kinds of app: access tokens of OAuth apps do not expire; those of GitHub Apps
 * live for 8 hours, with refresh tokens that work once. The default scope is `read:user`.
 *
 * The profile has no email address if the person keeps theirs private.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, github } from 'passport-authorization-code'
 *
 * passport.use(
 *   new AuthorizationCodeStrategy({
 *     ...github,
 *     clientID: process.env['GITHUB_CLIENT_ID'],
 *     clientSecret: process.env['GITHUB_CLIENT_SECRET'],
 *     callbackURL: 'https://your-app.com/auth/callback',
 *   }),
 * )
 * ```
 *
 * @see [GitHub, Authorizing OAuth apps](https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps)
 * @see [GitHub, Refreshing user access tokens](https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens)
 */
export const github = {
  name: 'github',
  authorizationURL: 'https://github.com/login/oauth/authorize',
  tokenURL: 'https://github.com/login/oauth/access_token',
  profileURL: 'https://api.github.com/user',
  parseProfile,
  parseTokenResponse,
  scope: 'read:user',
  clientAuthentication: 'client_secret_post',
} as const satisfies ProviderOptions

/**
 * Reads GitHub's user object. The id is a number there. A person who has set no name has only a `login`.
 *
 * @see [GitHub, Get the authenticated user](https://docs.github.com/en/rest/users/users#get-the-authenticated-user)
 */
function parseProfile({ id, name, login, email }: Record<string, unknown>): ParsedProfile {
  return {
    id: Number.isSafeInteger(id) ? String(id) : undefined,
    displayName: [name, login].find((one) => typeof one === 'string'),
    email: typeof email === 'string' ? email : undefined,
  }
}

/**
 * GitHub's own error codes, and the codes of RFC 6749, section 5.2, that mean the same. GitHub sends them with HTTP 200.
 */
const ERRORS: Readonly<Record<string, string>> = {
  bad_refresh_token: 'invalid_grant',
  bad_verification_code: 'invalid_grant',
  incorrect_client_credentials: 'invalid_client',
}

/**
 * Turns GitHub's token response into a standard one: error codes of RFC 6749, and scopes joined by spaces
 * instead of commas.
 *
 * @see [GitHub, Troubleshooting OAuth app access token request errors](https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors)
 */
function parseTokenResponse(body: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(body)) return {}
  const { error, scope, ...rest } = body
  return {
    ...rest,
    ...(typeof error === 'string' && { error: ERRORS[error] ?? error }),
    ...(typeof scope === 'string' && scope !== '' && { scope: scope.replaceAll(',', ' ') }),
  }
}
