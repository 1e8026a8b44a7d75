import type { Request } from 'express'
import {
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomState,
} from 'oauth4webapi'
import { authorizationParameters } from './authorization-request.js'
import { readQuery } from './authorization-response.js'
import type { LoginOptions } from './login-options.js'
import {
  connectionOf,
  expectedIdToken,
  isConnecting,
  redirectUriOf,
  refuseOtherSites,
  scopeOf,
} from './login-request.js'
import { checkAuthorizationDetails } from './option-readers.js'
import type { Parameters } from './options.js'
import type { Parts } from './parts.js'
import { sameOriginPath } from './return-to.js'
import { checkParameters, ownerOf } from './settings.js'

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
  const state = generateRandomState()
  const codeVerifier = settings.dangerouslyOmitPkce ? undefined : generateRandomCodeVerifier()
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
      codeChallenge: codeVerifier && (await calculatePKCECodeChallenge(codeVerifier)),
      dpopThumbprint: await dpop?.thumbprint(),
      idToken,
      resource: settings.resource,
      authorizationDetails: checkAuthorizationDetails(
        options.authorizationDetails ?? settings.authorizationDetails,
      ),
      signedResponse: settings.signedAuthorizationResponses,
      parameters,
    }),
  )
  await pendingLogins.put(req, state, {
    strategy: ownerOf(settings),
    redirectUri,
    createdAt: Date.now(),
    ...(codeVerifier !== undefined && { codeVerifier }),
    ...(returnTo !== undefined && { returnTo }),
    ...(connectTo !== undefined && { connectTo }),
    ...(idToken !== undefined && { idToken }),
  })
  return url
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
