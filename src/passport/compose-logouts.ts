import type { Diagnostics } from '../diagnostics/watch.js'
import { redirectEvent, visitEvent } from '../diagnostics/browser-events.js'
import type { VerifyProviderJwt } from '../endpoints/expected-jwt.js'
import type { GrantParts } from '../grants/grants.js'
import type { LoginRequest } from '../lib/login-request.js'
import { createBackchannelLogout } from '../login/backchannel-logout.js'
import type { EndLoginHere } from '../login/end-login-here.js'
import { createEndLogin } from '../login/end-login.js'
import type { EndLogin } from '../login/end-login-by-provider.js'
import { createFrontchannelLogout } from '../login/frontchannel-logout.js'
import { logOut } from '../login/log-out.js'
import type { LogOutParts } from '../login/log-out.js'
import { startProviderLogout } from '../login/provider-logout.js'
import type { LogOutOptions } from '../options/log-out-options.js'
import type { KnownSettings } from '../options/read-options.js'

/** What the logouts of one strategy need. */
export interface LogoutParts extends Pick<GrantParts, 'engine' | 'claims' | 'index'> {
  readonly settings: KnownSettings
  /** The provider's logout page; `undefined` if it has none, or that is not known. */
  readonly logoutPage: () => Promise<string | undefined>
  /** Identifies the strategy. */
  readonly strategyId: string
  /** Verifies logout tokens; `undefined` if none can come. */
  readonly verifyLogoutToken: VerifyProviderJwt | undefined
  /** Ends what this strategy has in a session. */
  readonly endLogin: EndLoginHere
  /** The same of all strategies of the application that may have something in the session of a request. */
  readonly endLogins: (request: LoginRequest) => readonly EndLoginHere[]
}

/** Puts together how people log out: here, and by what the provider says. */
export function composeLogouts(parts: LogoutParts, { watch, flow, report }: Diagnostics) {
  const { settings, logoutPage, strategyId, engine, claims, index, verifyLogoutToken } = parts
  const { sessionKey, keepSession } = settings

  function logOutParts(providerLogout: LogOutParts['providerLogout']): LogOutParts {
    const { endLogin: self, endLogins: strategies } = parts
    return { self, sessionKey, strategies, keepSession, providerLogout }
  }

  /** Ends a login that the provider has ended. */
  function endLoginBy(reason: string): EndLogin {
    const onEnded = (): void => report('grant_end', { outcome: 'ok', reason })
    return createEndLogin({ engine, strategyId, sessionKey, onEnded })
  }

  return {
    logOut: flow(
      'logout',
      (req: LoginRequest, options: LogOutOptions) =>
        logOut(
          req,
          options,
          logOutParts(async (_, ended) =>
            startProviderLogout(req, ended, { ...settings, endSessionURL: await logoutPage() }),
          ),
        ),
      {
        before: (req) => visitEvent(req),
        after: (url) => (url === undefined ? undefined : redirectEvent(url)),
      },
    ),

    backchannelLogout: watch(
      'backchannel_logout',
      createBackchannelLogout({
        settings,
        claims,
        index,
        verifyJwt: verifyLogoutToken,
        endLogin: endLoginBy('backchannel_logout'),
      }),
    ),

    frontchannelLogout: settings.frontchannelLogout
      ? watch(
          'frontchannel_logout',
          createFrontchannelLogout({
            settings,
            sessionKey,
            index,
            endLogin: endLoginBy('frontchannel_logout'),
            logOut: (req: LoginRequest) =>
              logOut(
                req,
                {},
                logOutParts(() => Promise.resolve(undefined)),
              ),
          }),
        )
      : undefined,

    logoutOrigins: async () => originsOf([settings.issuer, await logoutPage()]),
  }
}

/** The origins of those addresses that are set, each once. */
function originsOf(addresses: readonly (string | undefined)[]): readonly string[] {
  const known = addresses.filter((one) => one !== undefined)
  return [...new Set(known.map((one) => new URL(one).origin))]
}
