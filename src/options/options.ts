import type { CLIENT_OPTIONS } from './client-options.js'
import type { METADATA_OPTIONS, ProviderMetadata } from './metadata-option.js'
import type { OptionsOf } from './option-table.js'
import type { PROVIDER_OPTIONS } from './provider-options.js'
import type { REQUEST_OPTIONS } from './request-options.js'
import type { SESSION_OPTIONS } from './session-options.js'

/**
 * The options that describe a provider: its endpoints, and how requests to it must look. They are plain data, so
 * that they can be spread into the strategy's options. `askara` and `jiko` are such objects, `microsoft(tenant)`
 * and the others return one, and `discover` reads one from the provider's metadata.
 *
 * @example A provider of your own
 * ```ts
 * import type { ProviderOptions } from 'passport-authorization-code'
 *
 * export const example = {
 *   name: 'example',
 *   authorizationURL: 'https://login.example.com/authorize',
 *   tokenURL: 'https://login.example.com/token',
 *   profileURL: 'https://login.example.com/userinfo',
 * } satisfies ProviderOptions
 * ```
 */
export interface ProviderOptions
  extends OptionsOf<typeof PROVIDER_OPTIONS>, OptionsOf<typeof REQUEST_OPTIONS> {}

/**
 * The options of {@link AuthorizationCodeStrategy}: those of the provider, of the client, and of the session.
 * Options that passport-oauth2 has as well keep their names. `User` is what `accountOf` receives.
 *
 * They are checked once, when the strategy is created. An option that is unknown, missing or cannot be used
 * throws a `ConfigurationError` that names it.
 */
export interface AuthorizationCodeOptions<User = never>
  extends
    ProviderOptions,
    OptionsOf<typeof METADATA_OPTIONS>,
    OptionsOf<typeof CLIENT_OPTIONS>,
    OptionsOf<typeof SESSION_OPTIONS> {
  readonly accountOf?: AccountFunction<User>['accountOf'] | undefined
}

/** A method, so that options whose `User` is not known are taken by a strategy of any. */
interface AccountFunction<User> {
  accountOf(user: User): string | number | undefined
}

/**
 * The options of a strategy that reads its provider's metadata later, by the option `metadata`, which `discover.lazy` sets.
 * All options are as in {@link AuthorizationCodeOptions}, except that `authorizationURL` and `tokenURL` can be left out.
 */
export interface LateProviderOptions<User = never>
  extends
    Omit<AuthorizationCodeOptions<User>, 'authorizationURL' | 'tokenURL'>,
    Partial<Pick<AuthorizationCodeOptions, 'authorizationURL' | 'tokenURL'>> {
  readonly issuer: string
  readonly metadata: () => ProviderMetadata | Promise<ProviderMetadata>
}
