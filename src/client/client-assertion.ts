import type { JWTPayload } from 'jose'
import { randomUUID } from 'node:crypto'
import type { ClientAuth } from 'oauth4webapi'
import { loadJose } from './load-jose.js'
import { ConfigurationError } from '../errors/setup-errors.js'
import { CLIENT_SECRET_ALGORITHMS, isClientSecretAlgorithm } from '../options/client-credentials.js'
import type {
  ClientAssertionAlgorithm,
  ClientAssertionAudience,
} from '../options/client-credentials.js'

/** What client assertions depend on. */
export interface ClientAssertionSettings {
  readonly clientID: string
  readonly clientAssertionAudience: ClientAssertionAudience
  readonly clientAssertionAlgorithm?: ClientAssertionAlgorithm | undefined
  /** The algorithms that the provider accepts, if it says. */
  readonly clientAssertionAlgorithmsSupported?: readonly string[] | undefined
}

/** How long a client assertion is valid, in **seconds**. Providers accept at most a few minutes. */
const LIFETIME_SECONDS = 60

/** How far back `iat` is set, in **seconds**, for providers whose clock is behind ours. */
const BACKDATE_SECONDS = 5

/**
 * Authenticates with a new assertion for every request, with one audience, without `nbf`, valid for a minute.
 *
 * @see [RFC 7523, section 3 - JWT Format and Processing Requirements](https://www.rfc-editor.org/rfc/rfc7523.html#section-3)
 */
export function byAssertion(
  { clientID, clientAssertionAudience }: ClientAssertionSettings,
  sign: (claims: JWTPayload) => Promise<string>,
): ClientAuth {
  return async ({ token_endpoint: url = '' }, client, body) => {
    const issuedAt = Math.floor(Date.now() / 1000) - BACKDATE_SECONDS
    const claims = {
      iss: clientID,
      sub: clientID,
      aud:
        typeof clientAssertionAudience === 'function'
          ? clientAssertionAudience(url)
          : clientAssertionAudience,
      jti: randomUUID(),
      iat: issuedAt,
      exp: issuedAt + LIFETIME_SECONDS,
    }
    const assertion = await sign(claims)
    body.set('client_id', client.client_id)
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    body.set('client_assertion', assertion)
  }
}

/**
 * Signs with the client's secret.
 *
 * @throws {ConfigurationError} if the provider accepts no such algorithm, or the secret is too short for it
 * @see [RFC 7518, section 3.2 - HMAC with SHA-2 Functions](https://www.rfc-editor.org/rfc/rfc7518.html#section-3.2)
 */
export function createSecretSigner(
  clientSecret: string,
  settings: Pick<
    ClientAssertionSettings,
    'clientAssertionAlgorithm' | 'clientAssertionAlgorithmsSupported'
  >,
): (claims: JWTPayload) => Promise<string> {
  const { clientAssertionAlgorithm: wanted, clientAssertionAlgorithmsSupported: listed } = settings
  const alg = isClientSecretAlgorithm(wanted)
    ? wanted
    : CLIENT_SECRET_ALGORITHMS.find((name) => listed?.includes(name) ?? true)
  if (alg === undefined) {
    throw new ConfigurationError(
      `client_secret_jwt signs with ${CLIENT_SECRET_ALGORITHMS.join(', ')}, but the provider’s metadata lists only ${listed?.join(', ') ?? 'others'}. If the metadata is wrong, set clientAssertionAlgorithm.`,
      'clientAssertionAlgorithm',
    )
  }
  const key = new TextEncoder().encode(clientSecret)
  const leastBytes = Number(alg.slice(2)) / 8
  if (key.length < leastBytes) {
    throw new ConfigurationError(
      `The clientSecret is too short to sign with ${alg}, which needs at least ${leastBytes} bytes. Ask the provider for a longer one, or set another clientAuthentication.`,
      'clientSecret',
    )
  }
  return async (claims) => {
    const { SignJWT } = await loadJose()
    return new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' }).sign(key)
  }
}
