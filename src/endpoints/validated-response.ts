import { processGenericTokenEndpointResponse } from 'oauth4webapi'
import type { TokenEndpointResponse } from 'oauth4webapi'

/** oauth4webapi wants an issuer and a client for the claims of ID tokens, which are checked elsewhere. What it is here for is the rest. */
const SERVER = { issuer: 'https://issuer.invalid' }
const CLIENT = { client_id: 'client' }

/**
 * Validates the members of a token response, without its ID token. This file is loaded with the first of them.
 *
 * @throws {Error} naming the member at fault
 * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
export function validatedResponse(
  members: Readonly<Record<string, unknown>>,
): Promise<TokenEndpointResponse> {
  return processGenericTokenEndpointResponse(SERVER, CLIENT, new JsonResponse(members))
}

const JSON_HEADERS = new Headers({ 'content-type': 'application/json' })

/** The part of a `Response` that oauth4webapi reads. The built-in one would write the JSON to a stream and read it back. */
class JsonResponse extends Response {
  override readonly headers = JSON_HEADERS
  readonly #members: Readonly<Record<string, unknown>>

  constructor(members: Readonly<Record<string, unknown>>) {
    super()
    this.#members = members
  }

  /** A copy, because oauth4webapi writes into it: `token_type` in lower case, and `expires_in` as a number. */
  override readonly json = (): Promise<unknown> => Promise.resolve({ ...this.#members })
}
