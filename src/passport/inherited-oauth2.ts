import type { ResourceClient } from '../client/requests.js'
import { TransportError } from '../client/transport.js'
import type { OutgoingRequest, Transport } from '../client/transport.js'

/** The methods of node-oauth's client that all its requests use. */
export interface InheritedOAuth2 {
  useAuthorizationHeaderforGET(useIt: boolean): void
  _request: (
    method: string,
    url: string,
    headers: Readonly<Record<string, string>> | null,
    body: unknown,
    accessToken: string | null,
    callback: (error: unknown, data?: string, response?: unknown) => void,
  ) => void
}

/**
 * Sends the requests of passport-oauth2's `this._oauth2`, which `userProfile` of existing subclasses
 * calls, through our transport: HTTPS, limits, proxies, and the access token in a header, never in a URL.
 */
export function sendThrough(
  transport: Transport,
  resources: ResourceClient,
  oauth2: InheritedOAuth2,
): void {
  oauth2.useAuthorizationHeaderforGET(true)
  oauth2._request = (method, url, headers, body, accessToken, callback) => {
    const request: OutgoingRequest = {
      method: method === 'POST' ? 'POST' : 'GET',
      url,
      headers: { ...headers },
      body: typeof body === 'string' && body !== '' ? body : undefined,
    }
    const answered =
      accessToken === null ? transport.send(request) : resources.send(request, accessToken)
    answered.then(
      ({ status, text, headers: fields }) => {
        if (status >= 200 && status < 300)
          callback(null, text, { statusCode: status, headers: fields })
        else
          callback({
            statusCode: status,
            data: withoutTokens(text, [accessToken, credentialsIn(headers)]),
          })
      },
      (error: unknown) =>
        callback(error instanceof TransportError ? (error.cause ?? error) : error),
    )
  }
}

/** node-oauth puts the token into the header itself, or leaves that to its client. */
function credentialsIn(headers: Readonly<Record<string, string>> | null): string | undefined {
  return /^\S+ +(\S+)$/.exec(headers?.['Authorization'] ?? '')?.[1]
}

/** Subclasses put the answer into their errors, and an API may quote what it was sent. */
function withoutTokens(text: string, tokens: readonly (string | null | undefined)[]): string {
  return tokens.reduce<string>(
    (left, token) => (token ? left.replaceAll(token, '[the access token]') : left),
    text,
  )
}
