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

const PROVIDERS: Readonly<Record<string, ProviderOptions>> = {
  askara,
  discord,
  github,
  google,
  jiko,
  linkedin,
  slack,
}

/** The values that `doctor` was given, by their names in the environment; see {@link STRATEGY_SETTINGS}. */
export type SetupSource = Readonly<Record<string, string | undefined>>

/**
 * The strategy's options: what the module `CONFIG` exports by default, else made of the environment.
 *
 * @throws {Error} if they cannot be loaded
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

async function importOptions(file: string): Promise<AuthorizationCodeOptions> {
  const loaded = (await import(pathToFileURL(resolve(file)).href).catch((error: unknown) => {
    if (error instanceof AuthorizationCodeError) throw error
    // What else it throws is the application's own, and may have a secret in its message.
    const { name = 'unknown error' } = Object(error) as Partial<Error>
    throw new SetupError(`${file} cannot be loaded (${name}).`)
  })) as { readonly default?: AuthorizationCodeOptions }
  if (typeof loaded.default === 'object') return loaded.default
  throw new SetupError(`${file} exports no options by default.`)
}

async function loadProvider(
  name: string | undefined,
  issuer: string | undefined,
): Promise<ProviderOptions> {
  if (name === undefined && issuer === undefined) {
    throw new SetupError('Neither PROVIDER nor ISSUER is set, and there is no --config.')
  }
  if (name === undefined) return discover(issuer)
  const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined
  if (provider !== undefined) return provider
  const known = Object.keys(PROVIDERS).join(', ')
  throw new SetupError(`The provider is none of ${known}. Use ISSUER, or --config.`)
}

async function readKey(given: string): Promise<string> {
  if (given.includes('-----BEGIN')) return given
  return readFile(given, 'utf8').catch(() => {
    // The built-in error quotes the path, which may be a key in a format of its own.
    throw new SetupError('PRIVATE_KEY is neither PEM text nor the path of a file that can be read.')
  })
}
