import { isDeepStrictEqual } from 'node:util'
import { DiscoveryError } from '../errors/provider-errors.js'
import { ConfigurationError } from '../errors/setup-errors.js'
import { systemClock, within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import { callFunction } from './call-function.js'
import { METADATA_OPTION_NAMES } from './metadata-option.js'
import type { ProviderMetadata } from './metadata-option.js'
import type { AuthorizationCodeOptions, LateProviderOptions } from './options.js'
import { readKnownOptions, readOptions } from './read-options.js'
import type { KnownSettings, Settings } from './read-options.js'

/** The options of a strategy, as they are read at the start. */
export interface ReadOptions {
  readonly settings: KnownSettings
  /** All settings; or reads the metadata, and resolves to all settings then: the same object if the metadata are the same. */
  readonly complete: Settings | (() => Promise<Settings>)
}

/** How long the metadata may take, in **milliseconds**: longer than the requests of `discover.lazy`, which have limits of their own. */
const LIMIT_MS = 60_000

/** Everybody who logs in waits for them, and they are asked for again only when this is over. */
function late(): never {
  throw new DiscoveryError(
    `The provider's metadata could not be read: the function metadata has not answered in ${LIMIT_MS / 1000} seconds.`,
    { phase: 'discovery' },
  )
}

/**
 * Reads the options of a strategy at the start, when metadata that are read later are not known yet. What can be checked
 * without them is checked now, and the rest with them.
 *
 * @throws {ConfigurationError} naming the option that is missing, unknown or cannot be used
 */
export function readOptionsAtStart(
  given: AuthorizationCodeOptions | LateProviderOptions,
  clock: Clock = systemClock,
): ReadOptions {
  // JavaScript may pass anything.
  const { metadata } = Object(given) as typeof given
  if (metadata === undefined) {
    const settings = readOptions(given as AuthorizationCodeOptions)
    return { settings, complete: settings }
  }
  const options = { ...given }
  const settings = readKnownOptions(options)
  let last: { readonly read: ProviderMetadata; readonly settings: Settings } | undefined
  return {
    settings,
    async complete() {
      const read = await within(clock, LIMIT_MS, callFunction('metadata', metadata), late)
      if (last === undefined || !isDeepStrictEqual(read, last.read)) {
        last = { read, settings: readOptions(withMetadata(options as LateProviderOptions, read)) }
      }
      return last.settings
    },
  }
}

/**
 * The options with what the metadata say. What the application has set itself counts.
 *
 * @throws {ConfigurationError} if it is no metadata, or that of another issuer
 */
function withMetadata(given: LateProviderOptions, read: unknown): AuthorizationCodeOptions {
  if (typeof read !== 'object' || read === null || Array.isArray(read)) {
    throw new ConfigurationError('metadata must return an object.', 'metadata')
  }
  const { issuer = given.issuer, ...others } = read as ProviderMetadata
  // Identifiers of grants are made of it: RFC 8414, section 3.3 wants it to be identical.
  if (issuer !== given.issuer) {
    throw new ConfigurationError(
      `The issuer is '${given.issuer}', and the provider's metadata are those of '${issuer}'. Write it exactly so if it is the provider that you mean.`,
      'issuer',
    )
  }
  const unknown = Object.keys(others).find(
    (one) => one !== 'name' && !METADATA_OPTION_NAMES.has(one),
  )
  if (unknown !== undefined) {
    throw new ConfigurationError(
      `metadata returned '${unknown}', which is no metadata of a provider: set it as an option.`,
      'metadata',
    )
  }
  const own = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...others, name: undefined, ...Object.fromEntries(own) } as AuthorizationCodeOptions
}
