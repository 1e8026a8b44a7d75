import { createLocalJWKSet, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import type { TestRequest } from './server.js'

/** The client that is registered with a test provider. */
export interface TestClient {
  readonly clientID: string
  readonly clientSecret: string
  /** Without them, any assertion in the client's name will do, whoever has signed it. */
  readonly clientKeys: JSONWebKeySet | undefined
}

/** Whether a request comes from the client: by secret in the body, by Basic credentials, or by an assertion. */
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
  return jwtVerify(assertion, createLocalJWKSet(clientKeys), expected).then(
    () => true,
    () => false,
  )
}

/** @see [RFC 6749, section 2.3.1 - Client Password](https://www.rfc-editor.org/rfc/rfc6749.html#section-2.3.1) */
function credentialsIn({ authorization }: TestRequest['headers']): readonly string[] | undefined {
  const [, basic] = String(authorization).split(/^Basic /i)
  if (basic === undefined) return undefined
  const text = Buffer.from(basic, 'base64').toString()
  return text.split(/:(.*)/s, 2).map((part) => decodeURIComponent(part.replaceAll('+', ' ')))
}
