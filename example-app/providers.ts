import { askara, AuthorizationCodeStrategy, jiko } from 'passport-authorization-code'
import { startAuthorizationServer, type AuthorizationServer } from './authorization-server.js'
import type { ExampleAppOptions } from './server.js'

/** The two providers as the app uses them. */
export interface Providers {
  readonly askara: { readonly strategy: AuthorizationCodeStrategy; readonly profileURL: string }
  readonly jiko: { readonly strategy: AuthorizationCodeStrategy; readonly apiURL: string }
  /** Which of them are local stand-ins. */
  readonly embedded: { readonly askara: boolean; readonly jiko: boolean }
  /** The local stand-ins; `undefined` when both providers are the real ones. */
  readonly authorizationServer: AuthorizationServer | undefined
  close(): Promise<void>
}

/** @see [Jiko, List Customer Pockets](https://docs.jiko.io/products/customer-api/reference/pockets-v2) */
const JIKO_API_URL = 'https://api.business.jiko.io/api/v2/pockets/'

/** Makes the two strategies, for the real providers where there are credentials, else for stand-ins. */
export async function createProviders(
  options: ExampleAppOptions,
  appURL: string,
): Promise<Providers> {
  const callbackURLs = {
    askara: `${appURL}/auth/askara/callback`,
    jiko: `${appURL}/auth/jiko/callback`,
  }
  const embedded = { askara: options.askara === undefined, jiko: options.jiko === undefined }
  const standIn =
    embedded.askara || embedded.jiko
      ? await startAuthorizationServer({ ...options.authorizationServer, callbackURLs })
      : undefined

  return {
    askara: createAskara(options, callbackURLs.askara, standIn),
    jiko: createJiko(options, callbackURLs.jiko, standIn),
    embedded,
    authorizationServer: standIn,
    close: async () => standIn?.close(),
  }
}

function createAskara(
  options: ExampleAppOptions,
  callbackURL: string,
  standIn: AuthorizationServer | undefined,
): Providers['askara'] {
  const account = options.askara ?? standIn?.tenants.askara
  if (account === undefined) throw new Error('Askara has neither credentials nor a stand-in')

  const { profileURL = askara.profileURL, ...client } = account
  return {
    profileURL,
    strategy: new AuthorizationCodeStrategy({ ...askara, ...client, profileURL, callbackURL }),
  }
}

function createJiko(
  options: ExampleAppOptions,
  callbackURL: string,
  standIn: AuthorizationServer | undefined,
): Providers['jiko'] {
  const account = options.jiko ?? standIn?.tenants.jiko
  if (account === undefined) throw new Error('Jiko has neither credentials nor a stand-in')

  const { apiURL = JIKO_API_URL, ...client } = account
  return {
    apiURL,
    strategy: new AuthorizationCodeStrategy({ ...jiko, ...client, callbackURL }),
  }
}
