import { isObject } from '../client/answer.js'
import type { ProviderOptions } from '../options/options.js'

/**
 * Slack: Sign in with Slack, which is OpenID Connect.
 *
 * PKCE is off because neither the documentation nor the metadata of Sign in with Slack names it;
 * `dangerouslyOmitPkce: false` beside `...slack` turns it on. The `nonce` binds the code to the browser.
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

/** What RFC 6749 calls the errors that Slack has names of its own for, all of them with HTTP 200. */
const ERRORS: Readonly<Record<string, string>> = {
  bad_client_secret: 'invalid_client',
  invalid_client_id: 'invalid_client',
  invalid_code: 'invalid_grant',
  invalid_refresh_token: 'invalid_grant',
}

function parseTokenResponse(body: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(body)) return {}
  const { error } = body
  return typeof error === 'string' ? { ...body, error: ERRORS[error] ?? error } : body
}
