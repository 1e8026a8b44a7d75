import type { Client, ClientAuth } from 'oauth4webapi'
import type { SentRequest } from './answer.js'
import { adviceOnRefusedClient } from './client-advice.js'
import type { ClientAdviceSettings } from './client-advice.js'
import type { Connection } from './connection-limit.js'
import { wantsNonce } from './dpop.js'
import type { ProofOfPossession } from './dpop.js'
import { followRedirects } from './follow-redirects.js'
import { rethrowAs } from './transport.js'
import type { Answer, OutgoingRequest, Transport } from './transport.js'
import { ResourceError } from '../errors/provider-errors.js'

/** The provider's answer to an authenticated request. */
export interface ClientAnswer extends SentRequest {
  readonly answer: Answer
}

/** Options of one request. */
export interface ClientRequestOptions {
  /** How the body is written. @default 'form' */
  readonly format?: 'form' | 'json'
  /** A time limit of its own, in **milliseconds**; see {@link OutgoingRequest}. */
  readonly timeoutMs?: number | undefined
  /** Called each time the request is written; see {@link OutgoingRequest}. */
  readonly beforeWrite?: (() => void) | undefined
  /** A connection that the caller has acquired, and releases. */
  readonly connection?: Connection | undefined
  /** Whether the request goes before others that wait for a connection. @default true */
  readonly urgent?: boolean
  /** Whether a DPoP proof goes with it, if the client has a key for that. @default true */
  readonly proves?: boolean
}

/**
 * Sends one request with client authentication and, if the client has a `dpopKey`, with a DPoP proof.
 *
 * @throws {TransportError} if no complete answer came
 * @throws what `beforeWrite` throws, exactly
 */
export type ClientRequest = (
  url: string,
  parameters: URLSearchParams,
  options?: ClientRequestOptions,
) => Promise<ClientAnswer>

/** Who the client is. */
export interface ClientRequestSettings extends ClientAdviceSettings {
  readonly clientID: string
  readonly customHeaders: Readonly<Record<string, string>>
}

/** Creates {@link ClientRequest}. A request is sent once, and once more only if the server requires a DPoP nonce. */
export function createClientRequest(
  settings: ClientRequestSettings,
  transport: Transport,
  authenticate: ClientAuth,
  dpop: ProofOfPossession | undefined,
): ClientRequest {
  const client: Client = { client_id: settings.clientID }
  async function sendOnce(
    url: string,
    parameters: URLSearchParams,
    { format = 'form', proves = true, ...sending }: ClientRequestOptions,
  ): Promise<ClientAnswer> {
    const form = new URLSearchParams(parameters)
    const credentials = new Headers()
    await authenticate({ issuer: '', token_endpoint: url }, client, form, credentials)
    const { body, contentType } = encode(form, format)
    const headers: OutgoingRequest['headers'] = {
      ...settings.customHeaders,
      accept: 'application/json',
      ...Object.fromEntries(credentials),
      ...(proves && dpop !== undefined && { dpop: await dpop.prove(url, 'POST') }),
      'content-type': contentType,
    }
    const answer = await transport.send({ method: 'POST', url, headers, body, ...sending })
    dpop?.learn(url, answer.headers['dpop-nonce'])
    return {
      answer,
      secrets: () => secretsOf(form, headers),
      clientAdvice: () => adviceOnRefusedClient(settings, url),
    }
  }

  return async (url, parameters, options = {}) => {
    const first = await sendOnce(url, parameters, options)
    // RFC 9449, section 8: a request without the nonce was not processed, and its code is still unused.
    return dpop !== undefined && options.proves !== false && wantsNonce(first.answer)
      ? sendOnce(url, parameters, options)
      : first
  }
}

/** The request's body in the provider's format. */
function encode(
  form: URLSearchParams,
  format: 'form' | 'json',
): { readonly body: string; readonly contentType: string } {
  // Without a charset, because some servers compare the whole value.
  return format === 'json'
    ? { body: JSON.stringify(toMembers(form)), contentType: 'application/json' }
    : { body: form.toString(), contentType: 'application/x-www-form-urlencoded' }
}

/** As JSON: a repeated parameter becomes a list. */
function toMembers(form: URLSearchParams): Record<string, string | readonly string[]> {
  const members = [...new Set(form.keys())].map((name) => {
    const [first = '', ...others] = form.getAll(name)
    return [name, others.length === 0 ? first : [first, ...others]] as const
  })
  return Object.fromEntries(members)
}

/** Parameters that error messages may contain. All others may be secrets, including the application's own. */
const PUBLIC_PARAMETERS: ReadonlySet<string> = new Set([
  'audience',
  'authorization_details',
  'client_assertion_type',
  'client_id',
  'code_challenge_method',
  'dpop_jkt',
  'grant_type',
  'redirect_uri',
  'resource',
  'response_mode',
  'response_type',
  'scope',
])

function secretsOf(
  form: URLSearchParams,
  { authorization = '' }: OutgoingRequest['headers'],
): readonly string[] {
  const values = [...form]
    .filter(([name]) => !PUBLIC_PARAMETERS.has(name))
    .map(([, value]) => value)
  const basic = authorization.replace(/^Basic /, '')
  const [, secret = ''] = Buffer.from(basic, 'base64').toString().split(/:(.*)/s)
  return [...values, basic, secret, formDecoded(secret)]
}

/** Basic credentials are form-encoded or raw. What cannot be decoded is raw. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** Sends requests with an access token: a bearer token, or one with a DPoP proof. */
export interface ResourceClient {
  /**
   * `fetch` with an access token.
   *
   * @throws {ResourceError} if no complete answer came
   */
  fetch(url: string | URL, init: RequestInit, accessToken: string): Promise<Response>

  /**
   * Sends a request and reads the whole answer.
   *
   * @throws {TransportError} if no complete answer came
   */
  send(request: OutgoingRequest, accessToken: string): Promise<Answer>
}

const noAnswer = rethrowAs(ResourceError, 'The resource gave no answer', 'resource')

/**
 * @see [RFC 6750, section 2.1 - Authorization Request Header Field](https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1)
 * @see [RFC 9449, section 7.1 - The DPoP Authentication Scheme](https://www.rfc-editor.org/rfc/rfc9449.html#section-7.1)
 */
export function createResourceClient(
  transport: Transport,
  dpop: ProofOfPossession | undefined,
): ResourceClient {
  async function authorization(
    url: string | URL,
    method: string,
    accessToken: string,
  ): Promise<Record<string, string>> {
    return dpop === undefined
      ? { authorization: `Bearer ${accessToken}` }
      : {
          authorization: `DPoP ${accessToken}`,
          dpop: await dpop.prove(url, method, accessToken),
        }
  }

  async function fetchOnce(
    url: string | URL,
    init: RequestInit,
    accessToken: string,
  ): Promise<Response> {
    const headers = new Headers(init.headers)
    const proof = await authorization(url, (init.method ?? 'GET').toUpperCase(), accessToken)
    for (const [name, value] of Object.entries(proof)) headers.set(name, value)
    const answer = await transport.fetch(url, { ...init, headers }).catch(noAnswer)
    dpop?.learn(url, answer.headers.get('dpop-nonce'))
    return answer
  }

  async function sendOnce(request: OutgoingRequest, accessToken: string): Promise<Answer> {
    const { url, method, headers } = request
    const proof = await authorization(url, method, accessToken)
    const answer = await transport.send({ ...request, headers: { ...headers, ...proof } })
    dpop?.learn(url, answer.headers['dpop-nonce'])
    return answer
  }

  async function fetchWithNonce(
    url: string | URL,
    init: RequestInit,
    accessToken: string,
  ): Promise<Response> {
    const answer = await fetchOnce(url, init, accessToken)
    if (dpop === undefined || !isRepeatable(init.body) || !asksForNonce(answer)) return answer
    await answer.body?.cancel().catch(() => undefined)
    return fetchOnce(url, init, accessToken)
  }

  return {
    async fetch(url, init, accessToken) {
      if (init.redirect !== 'follow') return fetchWithNonce(url, init, accessToken)
      return followRedirects(url, init, (target, request, isTrusted) =>
        isTrusted
          ? fetchWithNonce(target, request, accessToken)
          : transport.fetch(target, request).catch(noAnswer),
      )
    },

    async send(request, accessToken) {
      const answer = await sendOnce(request, accessToken)
      return dpop !== undefined && wantsNonce(answer) ? sendOnce(request, accessToken) : answer
    },
  }
}

function asksForNonce({ status, headers }: Response): boolean {
  return wantsNonce({ status, headers: Object.fromEntries(headers), text: '' })
}

/**
 * Whether a resource rejects the access token. A challenge with any error other than `invalid_token`
 * would come for every token. Many resources send no challenge, which counts as a rejection.
 *
 * @see [RFC 6750, section 3.1 - Error Codes](https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1)
 */
export function refusesToken({ status, headers }: Response): boolean {
  if (status !== 401) return false
  const [, error = 'invalid_token'] =
    /\berror\s*=\s*"?([\w-]+)/i.exec(headers.get('www-authenticate') ?? '') ?? []
  return error === 'invalid_token'
}

/** Whether a body can be sent a second time: everything but a stream can. */
export function isRepeatable(body: RequestInit['body']): boolean {
  return typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body)
}
