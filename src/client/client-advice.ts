import { CLIENT_FIXES, OTHER_METHOD_FIXES } from '../errors/oauth-errors.js'
import type {
  ClientAssertionAudience,
  ClientAuthenticationMethod,
} from '../options/client-credentials.js'

/** What the advice is made of. */
export interface ClientAdviceSettings {
  readonly clientAuthentication: ClientAuthenticationMethod
  readonly clientAssertionAudience: ClientAssertionAudience
  /** The algorithms of client assertions that the provider accepts, if it says. */
  readonly clientAssertionAlgorithmsSupported?: readonly string[] | undefined
  readonly issuer?: string | undefined
  readonly tokenURL: string
  /** The methods that the provider supports, if it says. */
  readonly clientAuthenticationMethodsSupported?: readonly string[] | undefined
}

/**
 * What the developer can try after the provider has refused the client itself: other methods of authentication, and
 * other algorithms and audiences of client assertions. Sentences for an error message or the doctor.
 *
 * @param url the endpoint that has refused the client
 */
export function adviceOnRefusedClient(settings: ClientAdviceSettings, url: string): string {
  const { clientAuthentication: method, clientAuthenticationMethodsSupported: listed } = settings
  const others = listed?.filter((one) => one !== method) ?? []
  const hasAssertion = method.endsWith('_jwt')
  return [
    CLIENT_FIXES[method],
    listed === undefined && OTHER_METHOD_FIXES[method],
    ...(hasAssertion ? [audienceAdvice(settings, url), algorithmAdvice(settings)] : []),
    others.length > 0 &&
      `The provider’s metadata also lists clientAuthentication ${quoted(others)}.`,
    listed?.includes(method) === false && `It does not list '${method}'.`,
  ]
    .filter((sentence) => typeof sentence === 'string')
    .join(' ')
}

/** Which audience was sent, and which others there are: servers expect the issuer, the token endpoint or the exact URL. */
function audienceAdvice(settings: ClientAdviceSettings, url: string): string {
  const { clientAssertionAudience: audience, issuer, tokenURL } = settings
  const sent = typeof audience === 'function' ? 'that of your function' : `'${audience}'`
  const known = [...new Set([issuer, tokenURL, url])].filter((one) => one !== undefined)
  const others = known.filter((one) => one !== audience)
  const advice = others.length > 0 ? `; try ${quoted(others)}` : ''
  return `The audience of the client assertion was ${sent}${advice}.`
}

function algorithmAdvice(settings: ClientAdviceSettings): string {
  const { clientAssertionAlgorithmsSupported: listed, clientAuthentication } = settings
  if (listed !== undefined) {
    return `The provider’s metadata lists clientAssertionAlgorithm ${quoted(listed)}.`
  }
  return clientAuthentication === 'client_secret_jwt'
    ? "It may expect another clientAssertionAlgorithm: 'HS256', 'HS384' or 'HS512'."
    : "It may expect another clientAssertionAlgorithm: with an RSA key, 'PS256' or 'RS256'."
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ')
}
