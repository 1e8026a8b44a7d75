import type { VerifyProviderJwt } from './expected-jwt.js'
import { reportedBy } from './authorization-error.js'
import { AuthorizationCodeError, AuthorizationResponseError } from '../errors/errors.js'

/** Claims that describe the JWT. All others, and `iss`, are parameters of the response. */
const CLAIMS_OF_THE_JWT: ReadonlySet<string> = new Set(['aud', 'exp', 'iat', 'jti', 'nbf'])

/**
 * Verifies a signed authorization response and resolves to its parameters. A response that is not signed is refused.
 *
 * @throws {AuthorizationResponseError} if it is not signed, or not by this provider for this client
 * @throws {DiscoveryError} if the provider's keys cannot be loaded
 * @see [JARM, section 2.4 - Processing rules](https://openid.net/specs/oauth-v2-jarm-final.html#section-2.4)
 */
export async function openSignedResponse(
  parameters: URLSearchParams,
  verify: VerifyProviderJwt,
): Promise<URLSearchParams> {
  const [response, ...others] = parameters.getAll('response')
  if (response === undefined || others.length > 0) {
    const what = 'The callback is not signed, but this provider has to sign its callbacks.'
    throw new AuthorizationResponseError([what, ...reportedBy(parameters)].join(' '))
  }
  const expected = { sender: 'anyone', required: ['exp'] } as const
  const claims = await verify(response, expected).catch((error: unknown) => {
    throw error instanceof AuthorizationCodeError
      ? error
      : new AuthorizationResponseError(
          `The signed authorization response cannot be trusted: ${(error as Error).message}.`,
        )
  })
  const said = Object.entries(claims).filter(
    (entry): entry is [string, string] =>
      !CLAIMS_OF_THE_JWT.has(entry[0]) && typeof entry[1] === 'string',
  )
  return new URLSearchParams(said)
}
