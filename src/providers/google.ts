import type { ProviderOptions } from '../options/options.js'

/**
 * Google: OpenID Connect, access tokens of one hour.
 *
 * A refresh token comes only when the person is asked for consent, which is the first time. Where you call
 * Google's APIs, ask each time: `authorizationParameters: { access_type: 'offline', prompt: 'consent' }`.
 *
 * @see [Google, OpenID Connect](https://developers.google.com/identity/openid-connect/openid-connect)
 * @see [Google, Using OAuth 2.0 for Web Server Applications](https://developers.google.com/identity/protocols/oauth2/web-server)
 */
export const google = {
  name: 'google',
  issuer: 'https://accounts.google.com',
  authorizationURL: 'https://accounts.google.com/o/oauth2/v2/auth',
  tokenURL: 'https://oauth2.googleapis.com/token',
  profileURL: 'https://openidconnect.googleapis.com/v1/userinfo',
  revocationURL: 'https://oauth2.googleapis.com/revoke',
  jwksURL: 'https://www.googleapis.com/oauth2/v3/certs',
  providerSignatureAlgorithms: ['RS256'],
  scope: 'openid email profile',
  authorizationParameters: { access_type: 'offline' },
} as const satisfies ProviderOptions
