import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SetupError } from './finding.js'
import { STRATEGY_SETTINGS } from './settings.js'
import { AuthorizationCodeError } from '../errors/errors.js'
import type { AuthorizationCodeOptions, ProviderOptions } from '../options/options.js'
import { askara } from '../providers/askara.js'
import { discord } from '../providers/discord.js'
import { discover } from '../providers/discover.js'
import { github } from '../providers/github.js'
import { google } from '../providers/google.js'
import { jiko } from '../providers/jiko.js'
import { linkedin } from '../providers/linkedin.js'
import { slack } from '../providers/slack.js'

/** The values of `PROVIDER`: the providers that need no argument. */
const PROVIDERS: Readonly<Record<string, ProviderOptions>> = {
  askara,
  discord,
  github,
  google,
  jiko,
  linkedin,
  slack,
}

/** The values of `doctor`, from arguments and the environment, by their environment variable; see {@link STRATEGY_SETTINGS}. */
export type SetupSource = Readonly<Record<string, string | undefined>>

/**
 * Loads the strategy's options: the default export of the module `CONFIG`, or the provider and the other values if
 * there is no `CONFIG`.
 *
 * @throws {SetupError} if the module, the provider or the key cannot be loaded
 * @throws {ConfigurationError} if the issuer is not an HTTPS URL
 * @throws {DiscoveryError} if the issuer's metadata cannot be read
 */
export async function loadOptions(source: SetupSource): Promise<AuthorizationCodeOptions> {
  const { CONFIG: config } = source
  if (config !== undefined) return importOptions(config)
  const { issuer, privateKey, ...given } = Object.fromEntries(
    Object.entries(STRATEGY_SETTINGS).flatMap(([option, { variable }]) => {
      const value = source[variable]
      return value === undefined ? [] : [[option, value]]
    }),
  )
  return {
    ...(await loadProvider(source['PROVIDER'], issuer)),
    clientID: undefined,
    callbackURL: '',
    ...given,
    ...(privateKey !== undefined && { privateKey: await readKey(privateKey) }),
  }
}

/** Imports the options from a module of the application. */
async function importOptions(file: string): Promise<AuthorizationCodeOptions> {
  const loaded = (await import(pathToFileURL(resolve(file)).href).catch((error: unknown) => {
    if (error instanceof AuthorizationCodeError) throw error
    // The module belongs to the application. The message of its error may contain a secret.
    const { name = 'unknown error', code } = Object(error) as Partial<NodeJS.ErrnoException>
    throw new SetupError(`${file} cannot be loaded (${code ?? name}).`)
  })) as { readonly default?: AuthorizationCodeOptions }
  if (typeof loaded.default === 'object') return loaded.default
  throw new SetupError(`${file} has no default export with the options.`)
}

/** The options of the provider: a constant of this package by its name, or the metadata of the issuer. */
async function loadProvider(
  name: string | undefined,
  issuer: string | undefined,
): Promise<ProviderOptions> {
  if (name === undefined && issuer === undefined) {
    throw new SetupError('Set PROVIDER, ISSUER or --config.')
  }
  if (name === undefined) return discover(issuer)
  const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined
  if (provider !== undefined) return provider
  const known = Object.keys(PROVIDERS).join(', ')
  throw new SetupError(
    `PROVIDER must be one of ${known}. For another provider, use ISSUER or --config.`,
  )
}

/** The private key as PEM text. @param given the text itself, or the path of a file with it */
async function readKey(given: string): Promise<string> {
  if (given.includes('-----BEGIN')) return given
  return readFile(given, 'utf8').catch(() => {
    // The message of the built-in error contains the path, which may be a key in another format.
    throw new SetupError('PRIVATE_KEY is neither PEM text nor the path of a file that can be read.')
  })
}
