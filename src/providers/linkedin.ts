import type { ProviderOptions } from '../options/options.js'

/**
 * The options for LinkedIn: Sign In with LinkedIn using OpenID Connect, access tokens that live for 60 days. The
 * default scope is `openid profile email`.
 *
 * PKCE is off because LinkedIn's documentation lists the parameters of both requests for applications with a
 * secret, and PKCE's are not among them. `dangerouslyOmitPkce: false` after `...linkedin` turns it on. The
 * documentation does not mention `nonce` either, so the ID token is not used: the profile comes from the UserInfo
 * endpoint.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, linkedin } from 'passport-authorization-code'
 *
 * passport.use(
 *   new AuthorizationCodeStrategy({
 *     ...linkedin,
 *     clientID: process.env['LINKEDIN_CLIENT_ID'],
 *     clientSecret: process.env['LINKEDIN_CLIENT_SECRET'],
 *     callbackURL: 'https://your-app.com/auth/callback',
 *   }),
 * )
 * ```
 *
 * @see [LinkedIn, Authorization Code Flow](https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow)
 * @see [LinkedIn, Sign In with LinkedIn using OpenID Connect](https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2)
 */
export const linkedin = {
  name: 'linkedin',
  authorizationURL: 'https://www.linkedin.com/oauth/v2/authorization',
  tokenURL: 'https://www.linkedin.com/oauth/v2/accessToken',
  profileURL: 'https://api.linkedin.com/v2/userinfo',
  scope: 'openid profile email',
  clientAuthentication: 'client_secret_post',
  dangerouslyOmitPkce: true,
} as const satisfies ProviderOptions
