import {
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi'
import type { AuthorizationServer } from 'oauth4webapi'
import { retryAfterMs } from '../client/retry-after.js'
import { rethrowAs } from '../client/transport.js'
import type { Transport } from '../client/transport.js'
import { withoutEmpty } from '../client/without-empty.js'
import { AuthorizationCodeError, DiscoveryError } from '../errors/errors.js'
import { SERVER_ERRORS } from '../errors/table-server.js'
import { otherIssuer } from './other-issuer.js'

/**
 * Reads an issuer's metadata from the address that OpenID Connect defines, or from that of RFC 8414 if the first
 * answers 404. The metadata is known to be the issuer's own, but its endpoints are not checked.
 *
 * @throws {DiscoveryError} if it cannot be read, is not valid, or belongs to another issuer
 * @see [RFC 8414, section 3.3 - Authorization Server Metadata Validation](https://www.rfc-editor.org/rfc/rfc8414.html#section-3.3)
 */
export async function readMetadata(
  issuer: URL,
  transport: Transport,
): Promise<AuthorizationServer> {
  try {
    const first = await request(issuer, 'oidc', transport)
    const response = first.status === 404 ? await request(issuer, 'oauth2', transport) : first
    const { status } = response
    if (status !== 200) {
      throw new DiscoveryError(
        `The provider's metadata could not be read: HTTP ${status} for ${issuer.href}.`,
        {
          phase: 'discovery',
          httpStatus: status,
          retryAfterMs: retryAfterMs({ headers: Object.fromEntries(response.headers) }),
          // What fails or is overloaded has been found.
          advice: status < 500 && status !== 429 ? SERVER_ERRORS.ERR_DISCOVERY.fix : undefined,
        },
      )
    }
    const copy = response.clone()
    const metadata = await processDiscoveryResponse(issuer, response).catch(
      async (error: unknown) => {
        throw otherIssuer(issuer, await copy.json().catch(() => undefined)) ?? error
      },
    )
    return withoutEmpty(metadata) as AuthorizationServer
  } catch (error) {
    throw asDiscoveryError(error)
  }
}

/**
 * The constructor of `Response` throws if a response with one of these statuses has a body, even an empty one.
 */
const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304])

/**
 * Sends one discovery request of oauth4webapi through the transport, so that its timeout, limits and dispatcher apply.
 */
function request(
  issuer: URL,
  algorithm: 'oidc' | 'oauth2',
  transport: Transport,
): Promise<Response> {
  return discoveryRequest(issuer, {
    algorithm,
    // The transport refuses plain HTTP itself, except on loopback addresses.
    [allowInsecureRequests]: true,
    [customFetch]: async (url, { headers }) => {
      const {
        status,
        text,
        headers: answered,
      } = await transport
        .send({ method: 'GET', url, headers })
        .catch(
          rethrowAs(
            DiscoveryError,
            `The provider's metadata could not be read from ${issuer.origin}`,
            'discovery',
          ),
        )
      const headersRead = ['content-type', 'date', 'retry-after'].flatMap((name) => {
        const value = answered[name]
        return typeof value === 'string' ? [[name, value] as const] : []
      })
      return new Response(NULL_BODY_STATUSES.has(status) ? null : text, {
        status,
        headers: Object.fromEntries(headersRead),
      })
    },
  })
}

/**
 * Wraps an error of oauth4webapi, or of the functions here, in a `DiscoveryError`. Errors of this library stay as they are.
 */
export function asDiscoveryError(error: unknown): unknown {
  if (error instanceof AuthorizationCodeError) return error
  const { message = 'unknown reason' } = error as Partial<Error>
  return new DiscoveryError(`The provider's metadata is not valid: ${message}.`, {
    phase: 'discovery',
    // `readMetadata` has already thrown for every other status.
    httpStatus: 200,
  })
}
