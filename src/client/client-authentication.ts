import { randomUUID } from 'node:crypto'
import { ClientSecretBasic, ClientSecretPost, None, TlsClientAuth } from 'oauth4webapi'
import type { ClientAuth } from 'oauth4webapi'
import type { ClientKeys } from './client-keys.js'
import { ConfigurationError } from '../errors/setup-errors.js'
import type {
  ClientAssertionAudience,
  ClientAuthenticationMethod,
  ClientSecret,
} from '../options/client-credentials.js'

/** Everything client authentication depends on. */
export interface ClientAuthenticationSettings {
  readonly clientAuthentication: ClientAuthenticationMethod
  readonly clientID: string
  readonly clientSecret?: ClientSecret | undefined
  readonly basicCredentials: 'encoded' | 'raw'
  readonly clientAssertionAudience: ClientAssertionAudience
}

/** How long a client assertion is valid, in **seconds**. Providers accept at most a few minutes. */
const ASSERTION_LIFETIME_SECONDS = 60

/** How far back `iat` is set, in **seconds**, for providers whose clock is behind ours. */
const ASSERTION_BACKDATE_SECONDS = 5

/**
 * Reads the credentials once and returns what authenticates each request with them. The URL of the
 * request goes as the server's `token_endpoint`.
 *
 * @throws {ConfigurationError} if the credentials are missing or cannot be used
 */
export function createClientAuthentication(
  settings: ClientAuthenticationSettings,
  keys: ClientKeys | undefined,
): ClientAuth {
  const { clientAuthentication, clientSecret } = settings
  switch (clientAuthentication) {
    case 'none':
      return None()
    case 'client_secret_post':
      return bySecret(
        required(clientSecret, 'clientSecret', clientAuthentication),
        ClientSecretPost,
      )
    case 'client_secret_basic':
      return bySecret(
        required(clientSecret, 'clientSecret', clientAuthentication),
        settings.basicCredentials === 'raw' ? rawClientSecretBasic : ClientSecretBasic,
      )
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      // The dispatcher presents the client's certificate.
      return TlsClientAuth()
    case 'private_key_jwt':
      return createPrivateKeyJwt(settings, required(keys, 'privateKey', clientAuthentication))
  }
}

function required<T>(value: T | null | undefined, option: string, method: string): T {
  if (value !== undefined && value !== null) return value
  throw new ConfigurationError(
    `${option} is missing, which clientAuthentication '${method}' needs. Is the environment variable set?`,
    option,
  )
}

/** Authenticates with the client's secret, by the method `prove`. */
function bySecret(
  clientSecret: ClientSecret,
  prove: (clientSecret: string) => ClientAuth,
): ClientAuth {
  if (typeof clientSecret === 'string') return prove(clientSecret)
  return async (server, client, body, headers) => {
    const secret: unknown = await clientSecret()
    if (typeof secret !== 'string' || secret === '') {
      throw new ConfigurationError('The function clientSecret gave no secret.', 'clientSecret')
    }
    await prove(secret)(server, client, body, headers)
  }
}

/**
 * Basic credentials without the form encoding of each part that RFC 6749, section 2.3.1 requires: most servers
 * do not decode them.
 */
function rawClientSecretBasic(clientSecret: string): ClientAuth {
  return (_server, client, _body, headers) => {
    const credentials = Buffer.from(`${client.client_id}:${clientSecret}`).toString('base64')
    headers.set('authorization', `Basic ${credentials}`)
  }
}

/**
 * Signs a new assertion for every request, with one audience, without `nbf`, valid for a minute.
 *
 * @see [RFC 7523, section 3 - JWT Format and Processing Requirements](https://www.rfc-editor.org/rfc/rfc7523.html#section-3)
 */
function createPrivateKeyJwt(settings: ClientAuthenticationSettings, keys: ClientKeys): ClientAuth {
  const { clientID, clientAssertionAudience } = settings

  return async ({ token_endpoint: url = '' }, client, body) => {
    const issuedAt = Math.floor(Date.now() / 1000) - ASSERTION_BACKDATE_SECONDS
    const claims = {
      iss: clientID,
      sub: clientID,
      aud:
        typeof clientAssertionAudience === 'function'
          ? clientAssertionAudience(url)
          : clientAssertionAudience,
      jti: randomUUID(),
      iat: issuedAt,
      exp: issuedAt + ASSERTION_LIFETIME_SECONDS,
    }
    const assertion = await keys.sign(claims, 'JWT')
    body.set('client_id', client.client_id)
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    body.set('client_assertion', assertion)
  }
}
