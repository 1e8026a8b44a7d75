import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import type { TestRequest } from './server.js'

/** The client that is registered with a test provider, and its credentials. */
export interface TestClient {
  readonly clientID: string
  readonly clientSecret: string
  /** The public keys of the client. Without them, the signatures of client assertions are not checked. */
  readonly clientKeys: JSONWebKeySet | undefined
}

/**
 * Whether a request is authenticated as the client: by the secret in the body, by Basic credentials, or by a client
 * assertion.
 *
 * @see [RFC 7523, section 2.2 - Using JWTs for Client Authentication](https://www.rfc-editor.org/rfc/rfc7523.html#section-2.2)
 */
export async function isFromClient(
  { headers, parameters }: TestRequest,
  { clientID, clientSecret, clientKeys }: TestClient,
): Promise<boolean> {
  const { client_assertion: assertion } = parameters
  if (assertion === undefined) {
    const { client_id, client_secret } = parameters
    const [id, secret] = credentialsIn(headers) ?? [client_id, client_secret]
    return id === clientID && secret === clientSecret
  }
  if (clientKeys === undefined) return parameters['client_id'] === clientID
  const expected = { issuer: clientID, subject: clientID }
  return jwtVerify(assertion, createLocalJWKSet(await named(clientKeys)), expected).then(
    () => true,
    () => false,
  )
}

/** Keys without a name get the one by which clients name them that have been given none either. */
async function named({ keys }: JSONWebKeySet): Promise<JSONWebKeySet> {
  const all = keys.map(async (key) => ({
    ...key,
    kid: key.kid ?? (await calculateJwkThumbprint(key)),
  }))
  return { keys: await Promise.all(all) }
}

/**
 * The client's id and secret in Basic credentials; `undefined` if there are none.
 *
 * @see [RFC 6749, section 2.3.1 - Client Password](https://www.rfc-editor.org/rfc/rfc6749.html#section-2.3.1)
 */
function credentialsIn({ authorization }: TestRequest['headers']): readonly string[] | undefined {
  const [, basic] = String(authorization).split(/^Basic /i)
  if (basic === undefined) return undefined
  const text = Buffer.from(basic, 'base64').toString()
  return text.split(/:(.*)/s, 2).map((part) => decodeURIComponent(part.replaceAll('+', ' ')))
}
