import type { VerifyProviderJwt } from './provider-jwt.js'
import { AuthorizationResponseError, DiscoveryError } from '../errors/errors.js'

/** Claims that are about the JWT. The others are the response. `iss` is both. */
const CLAIMS_OF_THE_JWT: ReadonlySet<string> = new Set(['aud', 'exp', 'iat', 'jti', 'nbf'])

/**
 * The parameters of a signed authorization response. One that is not signed is refused, whatever it says.
 *
 * @throws {AuthorizationResponseError} when it is not signed, or not by this provider for this client
 * @throws {DiscoveryError} when the provider's keys cannot be had
 * @see [JARM, section 2.4 - Processing rules](https://openid.net/specs/oauth-v2-jarm-final.html#section-2.4)
 */
export async function openSignedResponse(
  parameters: URLSearchParams,
  verify: VerifyProviderJwt,
): Promise<URLSearchParams> {
  const [response, ...others] = parameters.getAll('response')
  if (response === undefined || others.length > 0) {
    throw new AuthorizationResponseError(
      'The callback is not signed, as those of this provider have to be.',
    )
  }
  const claims = await verify(response).catch((error: unknown) => {
    throw error instanceof DiscoveryError
      ? error
      : new AuthorizationResponseError(
          `The signature on the callback cannot be trusted: ${(error as Error).message}.`,
        )
  })
  const said = Object.entries(claims).filter(
    (entry): entry is [string, string] =>
      !CLAIMS_OF_THE_JWT.has(entry[0]) && typeof entry[1] === 'string',
  )
  return new URLSearchParams(said)
}
