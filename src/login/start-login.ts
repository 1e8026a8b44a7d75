import type { Request } from 'express'
import { randomBytes } from 'node:crypto'
import { authorizationParameters } from '../endpoints/authorization-request.js'
import { readQuery } from '../endpoints/authorization-response.js'
import { digest } from '../lib/digest.js'
import { sameOriginPath } from '../lib/same-origin-path.js'
import type { LoginOptions } from './login-options.js'
import {
  connectionOf,
  expectedIdToken,
  isConnecting,
  redirectUriOf,
  refuseOtherSites,
  scopeOf,
} from './login-request.js'
import { checkAuthorizationDetails } from '../options/authorization-details.js'
import { checkParameters } from '../options/parameters.js'
import type { Parameters } from '../options/parameters.js'
import type { Parts } from '../passport/parts.js'

/**
 * Starts a login: remembers it, and resolves to where the browser has to go.
 *
 * @param hooked what passport-oauth2's hook `authorizationParams` says
 * @throws {CrossSiteRequestError} when another site starts it behind the person's back
 * @throws {LoginRequiredError} when nobody is logged in to whom a provider could be connected
 * @throws {PushedAuthorizationRequestError} when the provider does not take the pushed request
 * @throws {StorageError} when the pending login cannot be stored
 */
export async function startLogin(
  req: Request,
  options: LoginOptions,
  parts: Parts,
  hooked: Parameters,
): Promise<string> {
  refuseOtherSites(req, options)
  const { settings, pendingLogins, dpop, authorizationEndpoint } = parts
  const state = unguessable()
  const codeVerifier = settings.dangerouslyOmitPkce ? undefined : unguessable()
  const redirectUri = redirectUriOf(options, settings)
  const connectTo = isConnecting(options) ? connectionOf(req) : undefined
  const returnTo = sameOriginPath(readQuery(req).get('return_to'))
  const parameters = furtherParameters(req, options, parts, hooked)
  const scope = parameters['scope'] ?? scopeOf(options, settings)
  const idToken = expectedIdToken(scope, options, settings)
  const url = await authorizationEndpoint(
    authorizationParameters({
      clientID: settings.clientID,
      redirectUri,
      scope,
      state,
      codeChallenge: codeVerifier && digest(codeVerifier),
      dpopThumbprint: await dpop?.thumbprint(),
      idToken,
      resource: settings.resource,
      authorizationDetails:
        options.authorizationDetails === undefined
          ? settings.authorizationDetails
          : checkAuthorizationDetails(options.authorizationDetails),
      signedResponse: settings.signedAuthorizationResponses,
      parameters,
    }),
  )
  await pendingLogins.put(req, state, {
    strategy: parts.owner,
    redirectUri,
    createdAt: Date.now(),
    ...(codeVerifier !== undefined && { codeVerifier }),
    ...(returnTo !== undefined && { returnTo }),
    ...(connectTo !== undefined && { connectTo }),
    ...(idToken !== undefined && { idToken }),
  })
  return url
}

/**
 * 256 random bits.
 *
 * @see [RFC 7636, section 4.1 - Client Creates a Code Verifier](https://www.rfc-editor.org/rfc/rfc7636.html#section-4.1)
 */
function unguessable(): string {
  return randomBytes(32).toString('base64url')
}

/** What the options, the hook and the route want to send besides. */
function furtherParameters(
  req: Request,
  options: LoginOptions,
  { settings }: Parts,
  hooked: Parameters,
): Parameters {
  const { authorizationParameters: configured } = settings
  return {
    ...checkParameters(hooked, 'authorizationParams'),
    ...(typeof configured === 'function'
      ? checkParameters(configured(req), 'authorizationParameters')
      : configured),
    ...checkParameters(options.authorizationParameters, 'authorizationParameters'),
  }
}
