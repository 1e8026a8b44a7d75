import type { ProviderOptions } from '../options/options.js'

/**
 * LinkedIn: Sign In with LinkedIn using OpenID Connect; access tokens of 60 days.
 *
 * PKCE is off because LinkedIn's documentation lists the parameters of both requests for applications with
 * a secret and names none of it; `dangerouslyOmitPkce: false` beside `...linkedin` turns it on. Nor does it
 * name `nonce`, so the ID token is left aside, and the profile comes from the UserInfo endpoint.
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
