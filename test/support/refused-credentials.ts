import { AuthorizationCodeStrategy } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { thrownBy } from './errors.js'

/** What creating a strategy with these credentials throws. */
export function refusalOf(credentials: Partial<AuthorizationCodeOptions>): unknown {
  return thrownBy(
    () =>
      new AuthorizationCodeStrategy({
        authorizationURL: 'https://provider.example/authorize',
        tokenURL: 'https://provider.example/token',
        callbackURL: 'https://app.example/callback',
        clientID: 'client-1',
        ...credentials,
      }),
  )
}
