import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SetupError } from './finding.js'
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

/** Where `doctor` is told what it looks at. Each is a flag too, such as `--client-id`, but for the secrets. */
export interface SetupSource {
  readonly CONFIG?: string | undefined
  readonly PROVIDER?: string | undefined
  readonly ISSUER?: string | undefined
  readonly CLIENT_ID?: string | undefined
  readonly CLIENT_SECRET?: string | undefined
  /** PEM text, or the path of a file with it. */
  readonly PRIVATE_KEY?: string | undefined
  readonly KEY_ID?: string | undefined
  readonly CALLBACK_URL?: string | undefined
  readonly SCOPE?: string | undefined
}

/**
 * The strategy's options: what the module `CONFIG` exports by default, else made of the environment.
 *
 * @throws {Error} when they cannot be had
 */
export async function loadOptions(source: SetupSource): Promise<AuthorizationCodeOptions> {
  if (source.CONFIG !== undefined) {
    return importOptions(source.CONFIG)
  }
  const { CLIENT_SECRET: clientSecret, PRIVATE_KEY, KEY_ID: keyId, SCOPE: scope } = source
  const privateKey = await readKey(PRIVATE_KEY)
  return {
    ...(await loadProvider(source)),
    clientID: source.CLIENT_ID,
    callbackURL: source.CALLBACK_URL ?? '',
    ...(clientSecret !== undefined && { clientSecret }),
    ...(privateKey !== undefined && { privateKey }),
    ...(keyId !== undefined && { keyId }),
    ...(scope !== undefined && { scope }),
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

async function loadProvider({ PROVIDER: name, ISSUER }: SetupSource): Promise<ProviderOptions> {
  if (name === undefined && ISSUER === undefined) {
    throw new SetupError('Neither PROVIDER nor ISSUER is set, and there is no --config.')
  }
  if (name === undefined) return discover(ISSUER)
  const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined
  if (provider !== undefined) return provider
  const known = Object.keys(PROVIDERS).join(', ')
  throw new SetupError(`The provider is none of ${known}. Use ISSUER, or --config.`)
}

async function readKey(given: string | undefined): Promise<string | undefined> {
  if (given === undefined || given.includes('-----BEGIN')) return given
  return readFile(given, 'utf8').catch(() => {
    // The built-in error quotes the path, which may be a key in a format of its own.
    throw new SetupError('PRIVATE_KEY is neither PEM text nor the path of a file that can be read.')
  })
}
