import { isObject } from '../client/answer.js'
import type { ProviderOptions } from '../options/options.js'
import type { ParsedProfile } from '../options/profile.js'

/**
 * GitHub: OAuth apps, whose tokens do not expire, and GitHub Apps, whose access tokens live for 8 hours and
 * whose refresh tokens work once.
 *
 * The profile has no email where the person keeps theirs private.
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

function parseProfile({ id, name, login, email }: Record<string, unknown>): ParsedProfile {
  return {
    id: Number.isSafeInteger(id) ? String(id) : undefined,
    displayName: [name, login].find((one) => typeof one === 'string'),
    email: typeof email === 'string' ? email : undefined,
  }
}

/** What RFC 6749 calls the errors that GitHub has names of its own for, all of them with HTTP 200. */
const ERRORS: Readonly<Record<string, string>> = {
  bad_refresh_token: 'invalid_grant',
  bad_verification_code: 'invalid_grant',
  incorrect_client_credentials: 'invalid_client',
}

/** @see [GitHub, Troubleshooting OAuth app access token request errors](https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors) */
function parseTokenResponse(body: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(body)) return {}
  const { error, scope, ...rest } = body
  return {
    ...rest,
    ...(typeof error === 'string' && { error: ERRORS[error] ?? error }),
    ...(typeof scope === 'string' && scope !== '' && { scope: scope.replaceAll(',', ' ') }),
  }
}
