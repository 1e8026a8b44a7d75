import type { ProviderOptions } from '../options/options.js'
import type { ParsedProfile } from '../options/profile.js'

/**
 * Askara: client secret, JSON token requests, access tokens of one hour, refresh tokens of 30 days
 * that work once.
 *
 * PKCE is off because Askara's documentation lists the parameters of both requests and names none of
 * it; `dangerouslyOmitPkce: false` beside `...askara` turns it on.
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

/** @see [Askara, Quickstart, step 3](https://developers.askara.ai/guides/quickstart) */
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
