import type { ProviderOptions } from '../options/options.js'
import type { ParsedProfile } from '../options/profile.js'

/**
 * The options for Askara: a client secret, token requests in JSON, access tokens that live for one hour, and
 * refresh tokens that live for 30 days and work once. The default scope is `profile organization`.
 *
 * PKCE is off because Askara's documentation lists the parameters of both requests and PKCE's are not among them.
 * `dangerouslyOmitPkce: false` after `...askara` turns it on.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, askara } from 'passport-authorization-code'
 *
 * passport.use(
 *   new AuthorizationCodeStrategy({
 *     ...askara,
 *     clientID: process.env['ASKARA_CLIENT_ID'],
 *     clientSecret: process.env['ASKARA_CLIENT_SECRET'],
 *     callbackURL: 'https://your-app.com/auth/callback',
 *   }),
 * )
 * ```
 *
 * @see [Askara, OAuth2 guide](https://developers.askara.ai/guides/oauth2)
 * @see [Askara, Authorization Code Flow](https://developers.askara.ai/guides/authorization-code-flow)
 */
export const askara = {
  name: 'askara',
  authorizationURL: 'https://app.askara.ai/authorize',
  tokenURL: 'https://api.askara.ai/oauth2/token',
  profileURL: 'https://api.askara.ai/me',
  parseProfile,
  refreshTokenLifetimeSeconds: 30 * 24 * 60 * 60,
  scope: 'profile organization',
  clientAuthentication: 'client_secret_post',
  tokenRequestFormat: 'json',
  dangerouslyOmitPkce: true,
} as const satisfies ProviderOptions

/**
 * Reads Askara's profile, which has the name in two fields.
 *
 * @see [Askara, Quickstart, step 3](https://developers.askara.ai/guides/quickstart)
 */
function parseProfile({
  uuid,
  firstName,
  lastName,
  email,
}: Record<string, unknown>): ParsedProfile {
  const names = [firstName, lastName].filter((name) => typeof name === 'string')
  return {
    id: typeof uuid === 'string' ? uuid : undefined,
    displayName: names.length > 0 ? names.join(' ') : undefined,
    email: typeof email === 'string' ? email : undefined,
  }
}
