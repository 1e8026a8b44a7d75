import { isObject } from '../client/answer.js'
import type { ProviderOptions } from '../options/options.js'

/**
 * The options for Slack: Sign in with Slack, which is OpenID Connect. The default scope is `openid profile email`.
 *
 * PKCE is off because neither the documentation nor the metadata of Sign in with Slack mentions it.
 * `dangerouslyOmitPkce: false` after `...slack` turns it on. The `nonce` in the ID token binds the code to the
 * browser instead.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, slack } from 'passport-authorization-code'
 *
 * passport.use(
 *   new AuthorizationCodeStrategy({
 *     ...slack,
 *     clientID: process.env['SLACK_CLIENT_ID'],
 *     clientSecret: process.env['SLACK_CLIENT_SECRET'],
 *     callbackURL: 'https://your-app.com/auth/callback',
 *   }),
 * )
 * ```
 *
 * @see [Slack, Sign in with Slack](https://docs.slack.dev/authentication/sign-in-with-slack/)
 * @see [Slack, openid.connect.token](https://docs.slack.dev/reference/methods/openid.connect.token)
 */
export const slack = {
  name: 'slack',
  issuer: 'https://slack.com',
  authorizationURL: 'https://slack.com/openid/connect/authorize',
  tokenURL: 'https://slack.com/api/openid.connect.token',
  profileURL: 'https://slack.com/api/openid.connect.userInfo',
  jwksURL: 'https://slack.com/openid/connect/keys',
  providerSignatureAlgorithms: ['RS256'],
  scope: 'openid profile email',
  clientAuthentication: 'client_secret_post',
  parseTokenResponse,
  dangerouslyOmitPkce: true,
} as const satisfies ProviderOptions

/**
 * Slack's own error codes, and the codes of RFC 6749, section 5.2, that mean the same. Slack sends them with HTTP 200.
 */
const ERRORS: Readonly<Record<string, string>> = {
  bad_client_secret: 'invalid_client',
  invalid_client_id: 'invalid_client',
  invalid_code: 'invalid_grant',
  invalid_refresh_token: 'invalid_grant',
}

/**
 * Gives an error of Slack's the name that RFC 6749 has for it, so that a refused code or refresh token is recognised.
 *
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 */
function parseTokenResponse(body: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(body)) return {}
  const { error } = body
  return typeof error === 'string' ? { ...body, error: ERRORS[error] ?? error } : body
}
