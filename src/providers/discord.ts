import type { ProviderOptions } from '../options/options.js'
import type { ParsedProfile } from '../options/profile.js'

/**
 * The options for Discord: access tokens that live for a week, with refresh tokens. The default scope is
 * `identify`; add `email` to get the person's email address.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, discord } from 'passport-authorization-code'
 *
 * passport.use(
 *   new AuthorizationCodeStrategy({
 *     ...discord,
 *     clientID: process.env['DISCORD_CLIENT_ID'],
 *     clientSecret: process.env['DISCORD_CLIENT_SECRET'],
 *     scope: 'identify email',
 *     callbackURL: 'https://your-app.com/auth/callback',
 *   }),
 * )
 * ```
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

/**
 * Reads Discord's user object. `global_name` is the display name; an account without one has only its `username`.
 *
 * @see [Discord, User Object](https://discord.com/developers/docs/resources/user#user-object)
 */
function parseProfile(body: Record<string, unknown>): ParsedProfile {
  const { id, global_name: displayName, username, email, verified } = body
  return {
    id: typeof id === 'string' ? id : undefined,
    displayName: [displayName, username].find((one) => typeof one === 'string'),
    email: typeof email === 'string' ? email : undefined,
    emailVerified: typeof verified === 'boolean' ? verified : undefined,
  }
}
