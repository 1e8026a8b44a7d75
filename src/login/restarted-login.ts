import type { PendingLogin } from '../options/pending-login-store.js'
import type { Addition } from './login-note.js'
import type { StartLoginOptions } from './login-options.js'

/** What {@link restartedLogin} makes of a pending login. */
export interface RestartedLogin {
  readonly options: StartLoginOptions
  readonly addition?: Addition | undefined
  /** Whether it is to connect a provider. */
  readonly connects?: boolean
}

/**
 * How a login is started again that asks for the same. `loginHint` and `authorizationParameters` are not kept with a pending login;
 * of `prompt`, only what matters for whom the login brings back.
 */
export function restartedLogin(login: PendingLogin): RestartedLogin {
  const { asked, person, scope, appState, redirectUri, returnTo, silent, idToken } = login
  const { acrValues, maxAgeSeconds } = idToken ?? {}
  // A login for more that names nothing was to authenticate the person again.
  const isAgain = asked !== undefined && Object.values(asked).every((one) => one === undefined)
  const prompt = silent === true ? 'none' : isAgain ? 'login' : undefined
  return {
    options: {
      callbackURL: redirectUri,
      ...(returnTo !== undefined && { returnTo }),
      ...(scope !== undefined && { scope }),
      ...(acrValues !== undefined && { acrValues }),
      ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
      ...(appState !== undefined && { appState }),
      ...(prompt !== undefined && { prompt }),
    },
    addition: asked && { asked, person },
    connects: login.connectTo !== undefined,
  }
}
