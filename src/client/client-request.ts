import type { Client, ClientAuth } from 'oauth4webapi'
import { wantsNonce } from './dpop.js'
import type { ProofOfPossession } from './dpop.js'
import type { Answer, OutgoingRequest, Transport } from './transport.js'

/** A provider's answer to a request that the client has authenticated. */
export interface ClientAnswer {
  readonly answer: Answer
  /** What of the request a server could quote back and nobody may read; for those who quote the answer. */
  readonly secrets: () => readonly string[]
}

/** What belongs to one request and not to the client. */
export interface ClientRequestOptions {
  /** How the body is written. @default 'form' */
  readonly format?: 'form' | 'json'
  /** Less time than the transport's, in **milliseconds**. */
  readonly timeoutMs?: number
  /** Whether a DPoP proof goes with it, if the client has a key for that. @default true */
  readonly proves?: boolean
}

/**
 * Sends one request as the client: its parameters, the client's proof of itself, and, where it has a key
 * for that, its proof of possession.
 *
 * @throws {TransportError} when no complete answer came
 */
export type ClientRequest = (
  url: string,
  parameters: URLSearchParams,
  options?: ClientRequestOptions,
) => Promise<ClientAnswer>

/** Who the client is. */
export interface ClientRequestSettings {
  readonly clientID: string
  readonly customHeaders: Readonly<Record<string, string>>
}

/** Requests by this client. Each is sent once; only a server that wants its nonce first gets it once more. */
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
    { format = 'form', timeoutMs, proves = true }: ClientRequestOptions,
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
    const answer = await transport.send({ method: 'POST', url, headers, body, timeoutMs })
    dpop?.learn(url, answer.headers['dpop-nonce'])
    return { answer, secrets: () => secretsOf(form, headers) }
  }

  return async (url, parameters, options = {}) => {
    const first = await sendOnce(url, parameters, options)
    // RFC 9449, section 8: so refused, the request was not looked at. The code in it is as good as new.
    return dpop !== undefined && options.proves !== false && wantsNonce(first.answer)
      ? sendOnce(url, parameters, options)
      : first
  }
}

/** The request's body in the format the provider reads. */
function encode(
  form: URLSearchParams,
  format: 'form' | 'json',
): { readonly body: string; readonly contentType: string } {
  // Without a charset: some servers compare the whole value.
  return format === 'json'
    ? { body: JSON.stringify(toMembers(form)), contentType: 'application/json' }
    : { body: form.toString(), contentType: 'application/x-www-form-urlencoded' }
}

/** A parameter that comes several times is a list. */
function toMembers(form: URLSearchParams): Record<string, string | readonly string[]> {
  const members = [...new Set(form.keys())].map((name) => {
    const [first = '', ...others] = form.getAll(name)
    return [name, others.length === 0 ? first : [first, ...others]] as const
  })
  return Object.fromEntries(members)
}

/** Parameters of which an error message may speak. All others may be secrets, the application's own included. */
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

/** Basic credentials are form-encoded, or raw; what cannot be decoded is raw. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
