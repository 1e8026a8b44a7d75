import { ConfigurationError } from '../errors/setup-errors.js'
import { isLoopback } from '../lib/loopback.js'
import type { LoginStrategy } from './login-strategy.js'
import { registeredStrategies } from './registered-strategies.js'

/** What tells providers apart: where their login page is. */
interface NamedProvider {
  readonly name: string
  readonly authorizationURL: string
}

/**
 * Makes sure that no other provider's strategy has this name in Passport. The name is part of a default user, of profiles
 * and of the session key: person 1 of one provider could be taken for person 1 of the other, and Passport would replace
 * one strategy by the other without a word.
 *
 * Several strategies of one provider may have the same name; the last one counts, as in Passport. On loopback addresses,
 * where tests start one provider after the other, nothing is refused.
 *
 * @throws {ConfigurationError} with the name
 */
export function refuseSharedName({ name, authorizationURL }: NamedProvider): void {
  const host = hostOf(authorizationURL)
  const other = registeredStrategies()
    .map(namedProviderOf)
    .find((one) => one?.name === name && one.authorizationURL !== authorizationURL)
  const otherHost = other === undefined ? undefined : hostOf(other.authorizationURL)
  if (otherHost === undefined || isLoopback(otherHost) || isLoopback(host)) return
  throw new ConfigurationError(
    `Two providers have the name '${name}': ${otherHost} and ${host}. Their people could be taken for each other. Give each strategy a name of its own, such as name: '${name}-2', and use it in passport.authenticate too.`,
    'name',
  )
}

/** As {@link refuseSharedName}, for a strategy that exists. A subclass may have changed its name. */
export function refuseNameOf(strategy: LoginStrategy): void {
  const named = namedProviderOf(strategy)
  if (named !== undefined) refuseSharedName(named)
}

/** Read from the property that passport-oauth2 keeps it in, so that strategies of another copy of this package count too. */
function namedProviderOf(strategy: unknown): NamedProvider | undefined {
  const { name, _oauth2, accessToken } = Object(strategy) as Readonly<Record<string, unknown>>
  const { _authorizeUrl: authorizationURL } = Object(_oauth2) as Readonly<Record<string, unknown>>
  // Other strategies that inherit from passport-oauth2 have names of their own, which authRouter leaves alone.
  if (typeof accessToken !== 'function') return undefined
  if (typeof name !== 'string' || typeof authorizationURL !== 'string') return undefined
  return URL.canParse(authorizationURL) ? { name, authorizationURL } : undefined
}

function hostOf(url: string): string {
  return new URL(url).hostname
}
