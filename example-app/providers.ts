import { askara, AuthorizationCodeStrategy, jiko } from 'passport-authorization-code'
import type { RedisGrants } from 'passport-authorization-code/redis'
import type { AuthorizationServer } from './authorization-server.js'
import type { ExampleAppOptions } from './options.js'

/** The two providers as the app uses them. */
export interface Providers {
  readonly askara: Provider
  readonly jiko: Provider
  /** The local stand-ins of this process, if it has any. */
  readonly authorizationServer: AuthorizationServer | undefined
  close(): Promise<void>
}

/** One provider as the app uses it. */
export interface Provider {
  readonly strategy: AuthorizationCodeStrategy
  /** What the app reads there with the access token. */
  readonly apiURL: string
}

/** What both strategies share: where tokens are stored, and what encrypts them in a session. */
export interface TokenKeeping {
  readonly tokenSecret: string
  /** `undefined`: the tokens are in the sessions. */
  readonly grants: RedisGrants | undefined
}

/** How long before its end an access token is renewed, in **seconds**; the pages say when that is. */
export const REFRESH_BEFORE_SECONDS = 60

/** @see [Jiko, List Customer Pockets](https://docs.jiko.io/products/customer-api/reference/pockets-v2) */
const JIKO_API_URL = 'https://api.business.jiko.io/api/v2/pockets/'

/** Makes the two strategies, for the real providers where there are credentials, else for stand-ins. */
export async function createProviders(
  options: ExampleAppOptions,
  appURL: string,
  keeping: TokenKeeping,
): Promise<Providers> {
  const { findStandIns } = options
  const authorizationServer = findStandIns ? undefined : await startStandIns(options, appURL)
  const standIns = findStandIns ? await findStandIns(appURL) : authorizationServer?.tenants
  const common = { ...keeping, refreshBeforeSeconds: REFRESH_BEFORE_SECONDS }

  return {
    askara: createAskara({ ...common, callbackURL: callbackURL(appURL, 'askara') }),
    jiko: createJiko({ ...common, callbackURL: callbackURL(appURL, 'jiko') }),
    authorizationServer,
    close: async () => authorizationServer?.close(),
  }

  function createAskara(settings: StrategySettings): Provider {
    const account = options.askara ?? standIns?.askara
    if (account === undefined) throw new Error('Askara has neither credentials nor a stand-in')

    const { profileURL = askara.profileURL, ...client } = account
    return {
      apiURL: profileURL,
      strategy: new AuthorizationCodeStrategy({ ...askara, ...client, profileURL, ...settings }),
    }
  }

  function createJiko(settings: StrategySettings): Provider {
    const account = options.jiko ?? standIns?.jiko
    if (account === undefined) throw new Error('Jiko has neither credentials nor a stand-in')

    const { apiURL = JIKO_API_URL, ...client } = account
    return {
      apiURL,
      strategy: new AuthorizationCodeStrategy({ ...jiko, ...client, ...settings }),
    }
  }
}

/** Starts the stand-ins for the app at this address, unless both providers are the real ones. */
export async function startStandIns(
  { askara, authorizationServer, jiko }: ExampleAppOptions,
  appURL: string,
): Promise<AuthorizationServer | undefined> {
  if (askara !== undefined && jiko !== undefined) return undefined
  // Whoever has the real providers, or is a worker of a cluster, does without loading it.
  const { startAuthorizationServer } = await import('./authorization-server.js')
  const callbackURLs = {
    askara: callbackURL(appURL, 'askara'),
    jiko: callbackURL(appURL, 'jiko'),
  }
  return startAuthorizationServer({ ...authorizationServer, callbackURLs })
}

interface StrategySettings extends TokenKeeping {
  readonly refreshBeforeSeconds: number
  readonly callbackURL: string
}

function callbackURL(appURL: string, provider: 'askara' | 'jiko'): string {
  return `${appURL}/auth/${provider}/callback`
}
