import {
  askara,
  AuthorizationCodeStrategy,
  discover,
  jiko,
  type DefaultUser,
  type Grants,
} from 'passport-authorization-code'
import type { AuthorizationServer, NotesTenant, OpenIdTenant } from './authorization-server.js'
import type { ProviderName } from './layout.js'
import type { ExampleAppOptions } from './options.js'

/** The providers as the app uses them. */
export interface Providers {
  readonly askara: Provider
  readonly jiko: Provider
  /** The OpenID provider that starts with the stand-ins; `undefined` if there are none. */
  readonly openid: OpenIdProvider | undefined
  /** The server that can be connected by its address, which starts with the stand-ins; `undefined` if there are none. */
  readonly notes: NotesTenant | undefined
  /** Askara once more, for the nightly report: what a person allows it survives their logins. */
  readonly report: Provider
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

/** The OpenID provider as the app uses it. */
export interface OpenIdProvider extends Provider {
  /** What a person allows when they look at their payments, and not at the login. */
  readonly paymentsURL: string
  /** The provider's own page for logging out there. */
  readonly logoutURL: string
}

/** What the providers need from the rest of the app. */
export interface ProvidersParts {
  /** Where tokens are stored. */
  readonly grants: Grants
  /** Called when a person allows the report. */
  readonly onReportAllowed: (account: string) => Promise<void>
}

/** How long before its end an access token is renewed, in **seconds**; the pages say when that is. */
export const REFRESH_BEFORE_SECONDS = 60

/** @see [Jiko, List Customer Pockets](https://docs.jiko.io/products/customer-api/reference/pockets-v2) */
const JIKO_API_URL = 'https://api.business.jiko.io/api/v2/pockets/'

/** Makes the strategies, for the real providers where there are credentials, else for stand-ins. */
export async function createProviders(
  options: ExampleAppOptions,
  appURL: string,
  { grants, onReportAllowed }: ProvidersParts,
): Promise<Providers> {
  const { findStandIns } = options
  const authorizationServer = findStandIns ? undefined : await startStandIns(options, appURL)
  const standIns = findStandIns ? await findStandIns(appURL) : authorizationServer?.tenants
  const common = { grants, refreshBeforeSeconds: REFRESH_BEFORE_SECONDS }
  const { openid } = standIns ?? {}

  return {
    askara: createAskara({ ...common, callbackURL: callbackURL(appURL, 'askara') }),
    jiko: createJiko({ ...common, callbackURL: callbackURL(appURL, 'jiko') }),
    openid: openid && (await createOpenId(openid, appURL, common)),
    notes: standIns?.notes,
    report: createReport({ ...common, callbackURL: callbackURL(appURL, 'report') }),
    authorizationServer,
    close: async () => authorizationServer?.close(),
  }

  function askaraOptions() {
    const account = options.askara ?? standIns?.askara
    if (account === undefined) throw new Error('Askara has neither credentials nor a stand-in')
    const { profileURL = askara.profileURL, ...client } = account
    return { ...askara, ...client, profileURL }
  }

  function createAskara(settings: StrategySettings): Provider {
    const own = askaraOptions()
    return {
      apiURL: own.profileURL,
      strategy: new AuthorizationCodeStrategy({ ...own, ...settings }),
    }
  }

  function createReport(settings: StrategySettings): Provider {
    const own = { ...askaraOptions(), name: 'report', grantLifetime: 'account' } as const
    return {
      apiURL: own.profileURL,
      strategy: new AuthorizationCodeStrategy({ ...own, ...settings }, async ({ profile, req }) => {
        const { provider, id, account } = (req.user ?? {}) as Partial<DefaultUser>
        if (provider !== askara.name || account === undefined) return false
        // Somebody may be logged in at Askara under another name than here.
        if (profile?.id !== id) return false
        await onReportAllowed(account)
        return { id: account } // only connected: who is logged in does not change
      }),
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
    askara: [callbackURL(appURL, 'askara'), callbackURL(appURL, 'report')],
    jiko: callbackURL(appURL, 'jiko'),
    openid: callbackURL(appURL, 'openid'),
  }
  const logoutURLs = {
    postLogoutRedirectURL: postLogoutRedirectURL(appURL),
    backchannelLogoutURL: `${appURL}/auth/openid/backchannel-logout`,
  }
  return startAuthorizationServer({ ...authorizationServer, callbackURLs, logoutURLs })
}

async function createOpenId(
  { issuer, clientID, clientSecret, paymentsURL }: OpenIdTenant,
  appURL: string,
  settings: Omit<StrategySettings, 'callbackURL'>,
): Promise<OpenIdProvider> {
  const discovered = await discover(issuer)
  const { endSessionURL = '', profileURL = '' } = discovered
  return {
    apiURL: profileURL,
    paymentsURL,
    logoutURL: endSessionURL,
    strategy: new AuthorizationCodeStrategy({
      ...discovered,
      ...settings,
      name: 'openid',
      clientID,
      clientSecret,
      scope: 'openid profile email',
      callbackURL: callbackURL(appURL, 'openid'),
      postLogoutRedirectURL: postLogoutRedirectURL(appURL),
      backchannelLogout: true,
    }),
  }
}

interface StrategySettings {
  readonly grants: Grants
  readonly refreshBeforeSeconds: number
  readonly callbackURL: string
}

/** All strategies of the app. */
export function strategiesOf({
  askara,
  jiko,
  openid,
  report,
}: Providers): AuthorizationCodeStrategy[] {
  return [askara, jiko, ...(openid ? [openid] : []), report].map(({ strategy }) => strategy)
}

function callbackURL(appURL: string, provider: ProviderName | 'report'): string {
  return `${appURL}/auth/${provider}/callback`
}

function postLogoutRedirectURL(appURL: string): string {
  return `${appURL}/auth/openid/logged-out`
}
