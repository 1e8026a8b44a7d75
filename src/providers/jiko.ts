import type { ProviderOptions } from '../options/options.js'

/**
 * Jiko: PKCE, `private_key_jwt` with PS256, access tokens of 15 minutes, refresh tokens of 90 days.
 *
 * Jiko has no profile to load, so without a `verify` function `req.user.id` stays `undefined`. Its
 * token requests carry no `redirect_uri`.
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
