import type { ProviderOptions } from '../options/options.js'

/**
 * The options for Jiko: PKCE, `private_key_jwt` with PS256, access tokens that live for 15 minutes, and refresh
 * tokens that live for 90 days. The default scope is `pockets.read`.
 *
 * Jiko has no profile endpoint, so without a `verify` function `req.user.id` is `undefined`. Token requests
 * carry no `redirect_uri`, because Jiko documents them without it.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { AuthorizationCodeStrategy, jiko } from 'passport-authorization-code'
 *
 * const strategy = new AuthorizationCodeStrategy({
 *   ...jiko,
 *   clientID: process.env['JIKO_CLIENT_ID'],
 *   privateKey: readFileSync('private-key.pem', 'utf8'),
 *   keyId: process.env['JIKO_KEY_ID'],
 *   callbackURL: 'https://your-app.com/auth/callback',
 * })
 * ```
 *
 * @see [Jiko, OAuth](https://docs.jiko.io/products/customer-api/guides/oauth/getting-started)
 * @see [Jiko, Private Key JWT](https://docs.jiko.io/products/customer-api/guides/oauth/private-key-jwt)
 */
export const jiko = {
  name: 'jiko',
  authorizationURL: 'https://auth.jiko.io/api/oauth2/authorize',
  tokenURL: 'https://auth.jiko.io/api/oauth2/token',
  refreshTokenLifetimeSeconds: 90 * 24 * 60 * 60,
  scope: 'pockets.read',
  clientAuthentication: 'private_key_jwt',
  clientAssertionAlgorithm: 'PS256',
  omitRedirectUriInTokenRequest: true,
} as const satisfies ProviderOptions
