import type { ProviderOptions } from '../options/options.js'
import type { ParsedProfile } from '../options/profile.js'

/**
 * Discord: access tokens of a week, with refresh tokens. For the person's email, ask for the scope `email`
 * besides.
 *
 * @see [Discord, OAuth2](https://discord.com/developers/docs/topics/oauth2)
 */
export const discord = {
  name: 'discord',
  issuer: 'https://discord.com',
  authorizationURL: 'https://discord.com/oauth2/authorize',
  tokenURL: 'https://discord.com/api/oauth2/token',
  profileURL: 'https://discord.com/api/users/@me',
  revocationURL: 'https://discord.com/api/oauth2/token/revoke',
  parseProfile,
  scope: 'identify',
} as const satisfies ProviderOptions

/** @see [Discord, User Object](https://discord.com/developers/docs/resources/user#user-object) */
function parseProfile(body: Record<string, unknown>): ParsedProfile {
  const { id, global_name: displayName, username, email } = body
  return {
    id: typeof id === 'string' ? id : undefined,
    displayName: [displayName, username].find((one) => typeof one === 'string'),
    email: typeof email === 'string' ? email : undefined,
  }
}
