import { aFunction } from './readers.js'
import type { OptionTable, OptionsOf } from './option-table.js'
import type { PROVIDER_OPTIONS } from './provider-options.js'
import type { REQUEST_OPTIONS } from './request-options.js'

/** The options that a provider's metadata may have besides its `issuer`. */
const IN_METADATA = [
  'authorizationURL',
  'tokenURL',
  'profileURL',
  'revocationURL',
  'pushedAuthorizationRequestURL',
  'endSessionURL',
  'jwksURL',
  'signedAuthorizationRequests',
  'authorizationResponseIssParameterSupported',
  'clientAuthenticationMethodsSupported',
  'clientAssertionAlgorithmsSupported',
  'revocationAuthenticationMethodsSupported',
  'codeChallengeMethodsSupported',
] as const satisfies readonly (keyof OptionsOf<Tables>)[]

type Tables = typeof PROVIDER_OPTIONS & typeof REQUEST_OPTIONS

/** The name of an option that a provider's metadata may have. */
export type MetadataOption = (typeof IN_METADATA)[number]

/** The options that are not known before the provider's metadata have been read. */
export const METADATA_OPTION_NAMES: ReadonlySet<string> = new Set(IN_METADATA)

/**
 * What a provider's metadata say, as options. `issuer` must be the strategy's own, and `name` is not used: both are known
 * before.
 */
export interface ProviderMetadata extends Pick<OptionsOf<Tables>, MetadataOption> {
  readonly issuer?: string | undefined
  readonly name?: string | undefined
}

/** The option for metadata that are read later. */
export const METADATA_OPTIONS = {
  /**
   * Reads the provider's metadata when they are first needed, instead of before the start: `discover.lazy` sets it. Then
   * `authorizationURL` and `tokenURL` can be left out. An option that you set yourself counts, whatever the metadata say.
   *
   * It is called at the first need, and again at the next need after a day: if that fails, what was read before is used on. While nothing could be
   * read yet, the strategy asks again after 1 second, then 2 seconds and so on, up to 30. If your own function gets them from somewhere else than
   * the provider, nothing else changes.
   *
   * @default the options are complete
   */
  metadata: {
    read: aFunction<() => ProviderMetadata | Promise<ProviderMetadata>>(),
    needs: 'issuer',
  },
} as const satisfies OptionTable
