import type { Request } from 'express'
import { generateRandomNonce } from 'oauth4webapi'
import { ConfigurationError, CrossSiteRequestError, LoginRequiredError } from '../errors/errors.js'
import { digest } from '../lib/digest.js'
import type { LoginRequest } from '../lib/login-request.js'
import { isSecure } from '../lib/secure-url.js'
import type { LoginOptions } from './login-options.js'
import type { ExpectedIdToken } from '../options/pending-login-store.js'
import type { Settings } from '../options/read-options.js'
import { requireSession } from '../session/session-part.js'

/** Connecting a provider to the person who is logged in already: `passport.authorize`, or the router's `connect`. */
export function isConnecting({ assignProperty }: LoginOptions): boolean {
  return assignProperty !== undefined
}

/**
 * Ties a connection to the session of the person who began it: its id changes as soon as somebody logs in.
 *
 * @throws {LoginRequiredError} when nobody is logged in
 */
export function connectionOf(req: Request): string {
  if (isAuthenticated(req) !== true) throw new LoginRequiredError('not_logged_in')
  return digest(requireSession(req).id)
}

/**
 * Another site may send people here to log in, in a window that they see. It may not start logins behind
 * their backs, from images and frames, nor connect a provider to somebody's account.
 *
 * @throws {CrossSiteRequestError}
 * @see [Fetch Metadata Request Headers](https://www.w3.org/TR/fetch-metadata/)
 */
export function refuseOtherSites({ headers }: Request, options: LoginOptions): void {
  if (headers['sec-fetch-site'] !== 'cross-site') return
  const destination = headers['sec-fetch-dest'] ?? 'document'
  if (destination !== 'document' || isConnecting(options)) throw new CrossSiteRequestError()
}

/** Whether Passport knows who this is; `undefined` where none of its middleware has run. */
export function isAuthenticated(
  req: LoginRequest & { isAuthenticated?: () => boolean },
): boolean | undefined {
  return req.isAuthenticated?.()
}

/**
 * The callback URL of this login: the route's own, else the strategy's. Never made of the request.
 *
 * @throws {ConfigurationError} when the route's own cannot be used
 */
export function redirectUriOf({ callbackURL }: LoginOptions, settings: Settings): string {
  if (callbackURL === undefined) return settings.callbackURL
  if (!URL.canParse(callbackURL) || !isSecure(new URL(callbackURL))) {
    throw new ConfigurationError('callbackURL must be an absolute HTTPS URL.', 'callbackURL')
  }
  return callbackURL
}

/** The scope of this login: the route's own, else the strategy's. */
export function scopeOf({ scope }: LoginOptions, settings: Settings): string | undefined {
  if (scope === undefined) return settings.scope
  return typeof scope === 'string' ? scope : scope.join(settings.scopeSeparator)
}

/**
 * What the ID token of this login will have to say; `undefined` when the scope asks for none.
 *
 * @throws {ConfigurationError} when something is expected of an ID token that nobody asks for
 * @see [OpenID Connect Core, section 3.1.2.1 - Authentication Request](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)
 */
export function expectedIdToken(
  scope: string | undefined,
  options: LoginOptions,
  settings: Settings,
): ExpectedIdToken | undefined {
  const maxAgeSeconds = options.maxAgeSeconds ?? settings.maxAgeSeconds
  const acrValues = options.acrValues ?? settings.acrValues
  const isOpenId = hasOpenId(scope, settings)
  if (maxAgeSeconds !== undefined || acrValues !== undefined) {
    const option = maxAgeSeconds === undefined ? 'acrValues' : 'maxAgeSeconds'
    if (!isOpenId) throw new ConfigurationError(`${option} needs the scope openid.`, option)
    if (settings.issuer === undefined)
      throw new ConfigurationError(`${option} needs the option issuer.`, 'issuer')
  }
  if (!isOpenId) return undefined
  return {
    nonce: generateRandomNonce(),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    ...(acrValues !== undefined && { acrValues }),
  }
}

/** No scope has a space in it, whatever joins them (RFC 6749, section 3.3). */
function hasOpenId(scope: string | undefined, { scopeSeparator }: Settings): boolean {
  const scopes = scope?.split(scopeSeparator).flatMap((one) => one.split(' '))
  return scopes?.includes('openid') === true
}
