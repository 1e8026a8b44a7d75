import { createClientAuthentication } from '../client/client-authentication.js'
import { isObject } from '../client/is-object.js'
import type { Transport } from '../client/transport.js'
import { parsedJson } from '../lib/parsed-json.js'
import { randomId } from '../lib/random-id.js'
import type { TrustedServer } from './authorization-server.js'
import type { DynamicClient } from './client-registration.js'

/**
 * Whether an authorization server has forgotten a client that was registered there, as many do that keep clients in memory.
 * A person who is sent there with such a client sees an error, and this application hears nothing of it. So the token
 * endpoint is asked to refresh a token that never was: it refuses that in any case, and says so if it does not know the
 * client. Whatever else happens does not count as forgotten.
 *
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 */
export async function isForgottenClient(
  { issuer, metadata }: TrustedServer,
  { clientID, clientSecret, clientAuthentication }: DynamicClient,
  transport: Transport,
): Promise<boolean> {
  const authenticate = createClientAuthentication(
    {
      ...{ clientID, clientSecret, clientAuthentication },
      ...{ basicCredentials: 'encoded', clientAssertionAudience: issuer },
    },
    undefined,
  )
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: randomId() })
  const headers = new Headers({
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  })
  try {
    await authenticate({ issuer }, { client_id: clientID }, body, headers)
    const { text } = await transport.send({
      ...{ method: 'POST', url: metadata.token_endpoint },
      headers: Object.fromEntries(headers),
      body: body.toString(),
    })
    const answer = parsedJson(text)
    return isObject(answer) && answer['error'] === 'invalid_client'
  } catch {
    return false
  }
}
