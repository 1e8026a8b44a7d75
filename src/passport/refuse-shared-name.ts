import { ConfigurationError } from '../errors/setup-errors.js'
import { isLoopback } from '../lib/loopback.js'
import { isRequest } from '../options/holder.js'
import type { Holder } from '../options/holder.js'
import type { LoginStrategy } from './login-strategy.js'
import { passportOf, registeredAs, registeredStrategies } from './registered-strategies.js'
import type { PassportInstance } from './registered-strategies.js'
import { isSameProvider, noteUse, usesPassport } from './strategies-in-use.js'
import type { NamedProvider } from './strategies-in-use.js'

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
export function refuseSharedName(provider: NamedProvider, instance?: PassportInstance): void {
  for (const one of registeredStrategies(instance)) refuseOther(provider, namedProviderOf(one))
}

/** As {@link refuseSharedName}, for a strategy that exists. A subclass may have changed its name. */
export function refuseNameOf(strategy: LoginStrategy): void {
  const named = namedProviderOf(strategy)
  if (named !== undefined) refuseSharedName(named, passportOf(strategy))
}

/**
 * As {@link refuseNameOf}, for a strategy that is about to log somebody in: then those count as well that Passport does
 * not know, because `passport.authenticate` was given the strategy itself.
 *
 * @param identity what lives as long as the strategy does. `strategy` does not: Passport makes one for each request.
 */
export function refuseNameInUse(strategy: object, identity: object, request: object): void {
  const named = namedProviderOf(strategy)
  if (named === undefined) return
  // Another Passport has users of its own.
  const instance = passportOf(strategy)
  if (usesPassport(request, instance)) refuseSharedName(named, instance)
  if (!isExempt(named))
    refuseOther(
      named,
      noteUse(named, identity, request, (one) => isRegistered(one, instance)),
    )
}

/**
 * Refuses a strategy whose place in Passport another provider's strategy has taken, by a second `passport.use`. It cannot
 * log anybody in any more.
 *
 * @throws {ConfigurationError} with the name
 */
export function refuseReplaced(strategy: { readonly name: string }, holder: Holder): void {
  if (!isRequest(holder)) return
  const instance = passportOf(strategy)
  const registered = registeredAs(strategy.name, instance)
  // Each request comes here, and hardly ever further.
  if (registered === undefined || registered === strategy) return
  const named = namedProviderOf(strategy)
  if (named === undefined || !usesPassport(holder, instance)) return
  refuseOther(named, namedProviderOf(registered))
}

function refuseOther(provider: NamedProvider, other: NamedProvider | undefined): void {
  const { name } = provider
  if (other?.name !== name || isSameProvider(other, provider)) return
  if (isExempt(other) || isExempt(provider)) return
  const [one, two] = distinctHosts(other, provider)
  throw new ConfigurationError(
    `Two providers have the name '${name}': ${one} and ${two}. Their people could be taken for each other. Give each strategy a name of its own, such as name: '${name}-2', and use it in passport.authenticate too.`,
    'name',
  )
}

/** Where the login pages of two providers are; where their token endpoints are, if it is one page. */
function distinctHosts(one: NamedProvider, other: NamedProvider): readonly [string, string] {
  const hosts = [one, other].map(({ authorizationURL }) => hostOf(authorizationURL))
  const [first = '', second = ''] = hosts
  return first === second ? [one.tokenURL, other.tokenURL] : [first, second]
}

function isExempt({ authorizationURL }: NamedProvider): boolean {
  return isLoopback(hostOf(authorizationURL))
}

function isRegistered(identity: object, instance: PassportInstance): boolean {
  return registeredStrategies(instance).some(
    (one) => (Object(one) as { readonly useCases?: unknown }).useCases === identity,
  )
}

/** Read from the properties that passport-oauth2 keeps it in, so that strategies of another copy of this package count too. */
function namedProviderOf(strategy: unknown): NamedProvider | undefined {
  const { name, _oauth2, accessToken } = Object(strategy) as Readonly<Record<string, unknown>>
  const { _authorizeUrl: authorizationURL, _accessTokenUrl: tokenURL } = Object(
    _oauth2,
  ) as Readonly<Record<string, unknown>>
  // Other strategies that inherit from passport-oauth2 have names of their own, which authRouter leaves alone.
  if (typeof accessToken !== 'function' || typeof name !== 'string') return undefined
  if (typeof authorizationURL !== 'string' || typeof tokenURL !== 'string') return undefined
  return URL.canParse(authorizationURL) ? { name, authorizationURL, tokenURL } : undefined
}

function hostOf(url: string): string {
  return new URL(url).hostname
}
