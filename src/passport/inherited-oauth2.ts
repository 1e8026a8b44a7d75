import type { ResourceClient } from '../client/requests.js'
import { TransportError } from '../client/transport.js'
import type { OutgoingRequest, Transport } from '../client/transport.js'
import type { ProfileLoads } from './hooked-profile.js'
import type { InheritedOAuth2, OAuth2Headers } from './oauth2-client.js'

/**
 * Sends the requests of passport-oauth2's `this._oauth2`, which `userProfile` of existing subclasses
 * calls, through our transport: HTTPS, limits, proxies, and the access token in a header, never in a URL.
 *
 * @param loads end with what a callback throws: nothing else would catch it, and the process would end
 */
export function sendThrough(
  transport: Transport,
  resources: ResourceClient,
  oauth2: InheritedOAuth2,
  loads: ProfileLoads,
): void {
  oauth2.useAuthorizationHeaderforGET(true)
  oauth2._request = (method, url, headers, body, accessToken, callback) => {
    const target = withoutToken(url, loads)
    const token = accessToken === '' ? target.token : (accessToken ?? target.token)
    if (method !== 'GET' && method !== 'POST') {
      callback(new Error(`_oauth2 sends GET and POST here, and no ${method}.`))
      return
    }
    const own = inLowerCase(headers)
    const request: OutgoingRequest = { method, url: target.url, headers: own, body: textOf(body) }
    // Some strategies pass an empty text as the token, or a scheme of the provider's in a header of their own.
    const isOwn = own['authorization'] !== undefined && !/^bearer /i.test(own['authorization'])
    const answered = token && !isOwn ? resources.send(request, token) : transport.send(request)
    answered
      .then(
        ({ status, text, headers: fields }) => {
          if (status >= 200 && status < 300)
            callback(null, text, { statusCode: status, headers: fields })
          else
            callback({
              statusCode: status,
              data: withoutTokens(text, [token, credentialsIn(headers)]),
            })
        },
        (error: unknown) =>
          callback(error instanceof TransportError ? (error.cause ?? error) : error),
      )
      .catch((error: unknown) => loads.fail(token ?? credentialsIn(headers), error))
  }
}

function textOf(body: unknown): string | undefined {
  const text = Buffer.isBuffer(body) ? body.toString() : body
  return typeof text === 'string' && text !== '' ? text : undefined
}

/** Some strategies write the access token into the query themselves. It goes into a header instead. */
function withoutToken(
  url: string,
  loads: ProfileLoads,
): { readonly url: string; readonly token?: string | undefined } {
  if (!url.includes('?') || !URL.canParse(url)) return { url }
  const target = new URL(url)
  for (const [name, value] of target.searchParams) {
    const token = loads.tokenIn(value)
    if (token === undefined) continue
    target.searchParams.delete(name)
    return { url: target.href, token }
  }
  return { url }
}

function inLowerCase(headers: OAuth2Headers): Record<string, string> {
  const entries = Object.entries(headers ?? {})
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]))
}

/** node-oauth puts the token into the header itself, or leaves that to its client. */
function credentialsIn(headers: OAuth2Headers): string | undefined {
  const { authorization = '' } = inLowerCase(headers)
  return /^\S+ +(\S+)$/.exec(authorization)?.[1]
}

/** Subclasses put the answer into their errors, and an API may quote what it was sent. */
function withoutTokens(text: string, tokens: readonly (string | null | undefined)[]): string {
  return tokens.reduce<string>(
    (left, token) => (token ? left.replaceAll(token, '[the access token]') : left),
    text,
  )
}
