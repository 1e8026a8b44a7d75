import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SetupError } from './finding.js'
import { STRATEGY_SETTINGS } from './settings.js'
import { parsedJson } from '../lib/parsed-json.js'
import { AuthorizationCodeError } from '../errors/errors.js'
import type { OptionTable } from '../options/option-table.js'
import type { AuthorizationCodeOptions, ProviderOptions } from '../options/options.js'
import { OPTIONS } from '../options/read-options.js'
import { apple } from '../providers/apple.js'
import { askara } from '../providers/askara.js'
import { auth0 } from '../providers/auth0.js'
import { discord } from '../providers/discord.js'
import { discover } from '../providers/discover.js'
import { github } from '../providers/github.js'
import { gitlab } from '../providers/gitlab.js'
import { google } from '../providers/google.js'
import { jiko } from '../providers/jiko.js'
import { keycloak } from '../providers/keycloak.js'
import { linkedin } from '../providers/linkedin.js'
import { microsoft } from '../providers/microsoft.js'
import { okta } from '../providers/okta.js'
import { salesforce } from '../providers/salesforce.js'
import { slack } from '../providers/slack.js'

/** The values of `PROVIDER`, with what makes the options of each. Those that need no address take none. */
const PROVIDERS: Readonly<
  Record<
    string,
    (address: string | undefined, source: SetupSource) => Promise<ProviderOptions> | ProviderOptions
  >
> = {
  apple: async (teamID, { CLIENT_ID: clientID, KEY_ID: keyID, PRIVATE_KEY: key }) =>
    apple({ clientID, teamID, keyID, privateKey: key && (await readKey(key)) }),
  askara: () => askara,
  auth0: (domain) => auth0(domain),
  discord: () => discord,
  github: () => github,
  gitlab: (url) => gitlab(url),
  google: () => google,
  jiko: () => jiko,
  keycloak: (issuer) => keycloak(issuer),
  linkedin: () => linkedin,
  microsoft: (tenant) => microsoft(tenant),
  okta: (issuer) => okta(issuer),
  salesforce: (url) => salesforce(url),
  slack: () => slack,
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
  const { ISSUER: issuer, PROVIDER: name } = source
  const provider = await loadProvider(name, issuer, source)
  const readByProvider = ['issuer', ...(name === 'apple' ? ['keyId', 'privateKey'] : [])]
  const given = await Promise.all(
    Object.entries(STRATEGY_SETTINGS).map(async ([option, { variable }]) => {
      const value = source[variable]
      if (value === undefined || readByProvider.includes(option)) return []
      return [[option, await valueOf(option, value)] as const]
    }),
  )
  return { clientID: undefined, callbackURL: '', ...provider, ...Object.fromEntries(given.flat()) }
}

/** Keys, which may be in a file. */
const KEYS: ReadonlySet<string> = new Set(['dpopKey', 'privateKey'])

/** The value of an option that was given as text: what is no text, as JSON. */
async function valueOf(option: string, given: string): Promise<unknown> {
  const value = parsedJson(given)
  if (typeof value === 'object' && value !== null) return value
  if (KEYS.has(option)) return readKey(given)
  const { read } = (OPTIONS as OptionTable)[option] ?? {}
  try {
    read?.(given as never, option, {})
    return given
  } catch {
    return value ?? given
  }
}

/** Imports the options from a module of the application. */
async function importOptions(file: string): Promise<AuthorizationCodeOptions> {
  const options = await importDefault(file)
  if (typeof options === 'object') return options as AuthorizationCodeOptions
  throw new SetupError(
    `${file} has no default export with the options: the object that the strategy is created with.`,
  )
}

/**
 * Imports the Express application from a module, whose default export it is, or a function that makes it.
 *
 * @throws {SetupError} if the module cannot be loaded, or has no application
 */
export async function importApplication(file: string): Promise<RequestListener> {
  const loaded = await importDefault(file)
  const app: unknown =
    typeof loaded === 'function' && !('handle' in loaded)
      ? await (loaded as () => unknown)()
      : loaded
  if (typeof app === 'function') return app as RequestListener
  throw new SetupError(`${file} has no default export with an Express application.`)
}

async function importDefault(file: string): Promise<unknown> {
  const loaded = (await import(pathToFileURL(resolve(file)).href).catch((error: unknown) => {
    if (error instanceof AuthorizationCodeError) throw error
    // The module belongs to the application. The message of its error may contain a secret.
    const { name = 'unknown error', code } = Object(error) as Partial<NodeJS.ErrnoException>
    throw new SetupError(`${file} cannot be loaded (${code ?? name}).`)
  })) as { readonly default?: unknown }
  return loaded.default
}

/** The options of the provider: those of this package by its name, or the metadata of the issuer. */
async function loadProvider(
  name: string | undefined,
  issuer: string | undefined,
  source: SetupSource,
): Promise<ProviderOptions> {
  if (name === undefined && issuer === undefined) {
    throw new SetupError('Set PROVIDER, ISSUER or --config.')
  }
  if (name === undefined) return discover(issuer)
  const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined
  if (provider !== undefined) return provider(source['PROVIDER_ADDRESS'], source)
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
