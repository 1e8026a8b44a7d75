import { authenticate } from './authenticate.js'
import { refusalIn } from './faults.js'
import type { TestFault } from './faults.js'
import { refusal } from './refusal.js'
import type { TestRefusal } from './refusal.js'
import { refusedResource } from './resources.js'
import type { TestAnswer, TestRequest } from './server.js'
import type { TestProviderState } from './state.js'

/**
 * Logs the person in without asking, and redirects to the callback.
 *
 * @see [RFC 6749, section 4.1.2 - Authorization Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2)
 */
export function authorize(
  provider: TestProviderState,
  request: TestRequest,
  fault: TestFault | undefined,
): TestAnswer {
  const { parameters } = request
  const { client_id, redirect_uri = '', state = '' } = parameters
  if (client_id !== provider.client.clientID || !URL.canParse(redirect_uri)) {
    return invalid('unknown client_id, or no redirect_uri')
  }
  const { code_challenge: codeChallenge, code_challenge_method: method } = parameters
  if (codeChallenge !== undefined && method !== 'S256') {
    return invalid('code_challenge_method must be S256')
  }
  const forced = refusalIn(fault)
  if (forced?.status !== undefined) return refusal('authorize', forced)

  const issued = forced ?? issueCode(provider, request, redirect_uri)
  const callback = new URL(redirect_uri)
  const iss = fault === 'wrong_iss' ? 'https://another.example' : provider.issuer
  const members = typeof issued === 'string' ? { code: issued } : errorMembers(issued)
  for (const [name, value] of Object.entries({ state, iss, ...members })) {
    callback.searchParams.set(name, value)
  }
  return { status: 302, location: callback.href }
}

/** A mistake after which the browser must not be sent to the application. */
function invalid(description: string): TestAnswer {
  return refusal('authorize', { error: 'invalid_request', description })
}

/** @see [RFC 6749, section 4.1.2.1 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2.1) */
function errorMembers({ error, description }: TestRefusal): Readonly<Record<string, string>> {
  return { error, ...(description !== undefined && { error_description: description }) }
}

/** The code of a new grant, or why there is none. */
function issueCode(
  provider: TestProviderState,
  request: TestRequest,
  redirectUri: string,
): string | TestRefusal {
  const { grants, settings, clock } = provider
  const { parameters, resources } = request
  const refused = refusedResource(resources, settings.resources)
  if (refused !== undefined) return refused
  const authenticated = authenticate(provider, request)
  if ('error' in authenticated) return authenticated

  const { user, session } = authenticated
  const wantsTime = parameters['max_age'] !== undefined || settings.requireAuthTime
  const grant = {
    user,
    scope: settings.scope ?? parameters['scope'] ?? '',
    resources,
    nonce: parameters['nonce'],
    sid: session.sid,
    authentication: {
      acr: session.acr,
      auth_time: wantsTime ? Math.floor(session.authenticatedAt / 1000) : undefined,
    },
    isAlive: true,
  }
  const codeChallenge = parameters['code_challenge']
  return grants.addCode({ grant, redirectUri, codeChallenge }, clock.now())
}
