import type { ClientAuth } from 'oauth4webapi'
import { basicCredentials, formEncoded, unencoded } from './basic-credentials.js'
import { byAssertion, createSecretSigner } from './client-assertion.js'
import type { ClientAssertionSettings } from './client-assertion.js'
import type { ClientKeys } from './client-keys.js'
import { ConfigurationError } from '../errors/setup-errors.js'
import type { ClientAuthenticationMethod, ClientSecret } from '../options/client-credentials.js'

/** Everything client authentication depends on. */
export interface ClientAuthenticationSettings extends ClientAssertionSettings {
  readonly clientAuthentication: ClientAuthenticationMethod
  readonly clientSecret?: ClientSecret | undefined
  readonly basicCredentials: 'encoded' | 'raw'
}

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
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      // With mutual TLS, the dispatcher presents the client's certificate.
      return byClientId
    case 'client_secret_post':
      return bySecret(
        required(clientSecret, 'clientSecret', clientAuthentication),
        clientSecretPost,
      )
    case 'client_secret_basic':
      return bySecret(
        required(clientSecret, 'clientSecret', clientAuthentication),
        clientSecretBasic(settings.basicCredentials === 'raw' ? unencoded : formEncoded),
      )
    case 'client_secret_jwt':
      return bySecret(required(clientSecret, 'clientSecret', clientAuthentication), (secret) =>
        byAssertion(settings, createSecretSigner(secret, settings)),
      )
    case 'private_key_jwt': {
      const signing = required(keys, 'privateKey', clientAuthentication)
      return byAssertion(settings, (claims) => signing.sign(claims, 'JWT'))
    }
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

/** Says who the client is, and proves nothing. */
const byClientId: ClientAuth = (_server, client, body) => body.set('client_id', client.client_id)

function clientSecretPost(secret: string): ClientAuth {
  return (_server, client, body) => {
    body.set('client_id', client.client_id)
    body.set('client_secret', secret)
  }
}

/**
 * Basic credentials. RFC 6749 requires each part to be form-encoded first, but most servers do not decode them: so no character is
 * encoded that does not have to be, and ids and secrets of letters, digits and `-._*` are the same for both.
 *
 * @see [RFC 6749, section 2.3.1 - Client Password](https://www.rfc-editor.org/rfc/rfc6749.html#section-2.3.1)
 */
function clientSecretBasic(encoded: (text: string) => string): (secret: string) => ClientAuth {
  return (secret) => (_server, client, _body, headers) => {
    headers.set('authorization', basicCredentials(client.client_id, secret, encoded))
  }
}

/** The methods that a client may have credentials for, the safest first. */
const METHODS_BY_CREDENTIAL = [
  ['privateKey', 'private_key_jwt'],
  ['clientSecret', 'client_secret_basic'],
  ['clientSecret', 'client_secret_post'],
  ['clientSecret', 'client_secret_jwt'],
] as const

/**
 * How the client authenticates at the revocation endpoint: as at the token endpoint, unless the provider's metadata lists
 * other methods for it, and the client has credentials for one of these. The credential of the token endpoint is preferred: a
 * `privateKey` beside a secret may be registered for signed authorization requests alone.
 *
 * @see [RFC 8414, section 2 - Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html#section-2)
 */
export function revocationAuthentication(settings: {
  readonly clientAuthentication: ClientAuthenticationMethod
  readonly revocationAuthenticationMethodsSupported?: readonly string[] | undefined
  readonly clientSecret?: unknown
  readonly privateKey?: unknown
}): ClientAuthenticationMethod {
  const { clientAuthentication, revocationAuthenticationMethodsSupported: listed } = settings
  if (listed === undefined || listed.includes(clientAuthentication)) return clientAuthentication
  const possible = METHODS_BY_CREDENTIAL.filter(
    ([credential, method]) => settings[credential] !== undefined && listed.includes(method),
  )
  const [usual] = METHODS_BY_CREDENTIAL.find(([, method]) => method === clientAuthentication) ?? []
  const [, other] = possible.find(([credential]) => credential === usual) ?? possible[0] ?? []
  return other ?? clientAuthentication
}
