import type { ProviderOptions } from '../options/options.js'

/**
 * The options for Google: OpenID Connect, access tokens that live for one hour. The default scope is
 * `openid email profile`.
 *
 * Google sends a refresh token only after it has asked the person for consent, by default at the first login
 * only. If you call Google's APIs, ask for consent at each login, as in the second example.
 *
 * Google ends everything that a person has granted to the client when one token is revoked. So logging out revokes only
 * if it is known that nothing else of that person is alive, which needs the option `grants`.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, google } from 'passport-authorization-code'
 *
 * passport.use(
 *   new AuthorizationCodeStrategy({
 *     ...google,
 *     clientID: process.env['GOOGLE_CLIENT_ID'],
 *     clientSecret: process.env['GOOGLE_CLIENT_SECRET'],
 *     callbackURL: 'https://your-app.com/auth/callback',
 *   }),
 * )
 * ```
 *
 * @example With a refresh token at each login
 * ```ts
 * import { google } from 'passport-authorization-code'
 *
 * const provider = {
 *   ...google,
 *   authorizationParameters: { access_type: 'offline', prompt: 'consent' },
 * }
 * ```
 *
 * @see [Google, OpenID Connect](https://developers.google.com/identity/openid-connect/openid-connect)
 * @see [Google, Using OAuth 2.0 for Web Server Applications](https://developers.google.com/identity/protocols/oauth2/web-server)
 * @see [Google, google.accounts.oauth2.revoke](https://developers.google.com/identity/oauth2/web/reference/js-reference#google.accounts.oauth2.revoke) -
 *   what a revocation ends
 */
export const google = {
  name: 'google',
  issuer: 'https://accounts.google.com',
  authorizationURL: 'https://accounts.google.com/o/oauth2/v2/auth',
  tokenURL: 'https://oauth2.googleapis.com/token',
  profileURL: 'https://openidconnect.googleapis.com/v1/userinfo',
  revocationURL: 'https://oauth2.googleapis.com/revoke',
  revocationEnds: 'grant',
  jwksURL: 'https://www.googleapis.com/oauth2/v3/certs',
  providerSignatureAlgorithms: ['RS256'],
  scope: 'openid email profile',
  authorizationParameters: { access_type: 'offline' },
} as const satisfies ProviderOptions
