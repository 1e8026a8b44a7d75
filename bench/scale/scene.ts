import { AuthorizationCodeStrategy } from '../../src/index.js'
import { strategyIdOf } from '../../src/options/read-options.js'
import type { Settings } from '../../src/options/read-options.js'
import type { PostgresGrants } from '../../src/postgres.js'
import type { RedisGrants } from '../../src/redis.js'
import type { Whose } from './population.js'

export const SECRET = 'a secret for grants in large numbers, long enough'
export const NAME = 'company'
const CLIENT_ID = 'client-1'

/** The application's strategy, whose grants outlive sessions: jobs refresh them by account. */
export function createStrategy(providerOrigin: string, grants: PostgresGrants | RedisGrants) {
  return new AuthorizationCodeStrategy({
    name: NAME,
    authorizationURL: `${providerOrigin}/authorize`,
    tokenURL: `${providerOrigin}/token`,
    revocationURL: `${providerOrigin}/revoke`,
    clientID: CLIENT_ID,
    clientSecret: 'secret-1',
    callbackURL: 'http://localhost/auth/callback',
    sessionKey: `oauth2:${NAME}`,
    grants,
    grantLifetime: 'account',
  })
}

/** Whose the grants of this strategy are. */
export function ownerOfGrants(providerOrigin: string): Whose {
  const tokenURL = `${providerOrigin}/token`
  const client = { sessionKey: `oauth2:${NAME}`, tokenURL, clientID: CLIENT_ID } as Settings
  return { secret: SECRET, name: NAME, strategy: strategyIdOf(client), client }
}
