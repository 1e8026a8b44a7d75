import { TransportError } from '../client/transport.js'
import type { Answer, OutgoingRequest, Transport } from '../client/transport.js'
import type { FlowEvent } from './observation.js'
import {
  jsonMembers,
  secretsIn,
  shortHash,
  shownAddress,
  shownText,
  shownValues,
} from './shown-values.js'
import type { ShownValue } from './shown-values.js'
import type { Diagnostics } from './watch.js'

/**
 * Wraps a transport, so that observers receive each request to the provider and its answer. Requests of
 * `strategy.fetch` are not observed: they are the application's own.
 */
export function observedTransport(transport: Transport, diagnostics: Diagnostics): Transport {
  const { observation } = diagnostics

  async function observedSend(request: OutgoingRequest): Promise<Answer> {
    const startedAt = performance.now()
    observation.emit(() => requestEvent(request))
    const answerEvent = (rest: Partial<Answer> & { failure?: string }): FlowEvent => ({
      type: 'answer',
      address: shownAddress(request.url),
      ...(rest.status !== undefined && { status: rest.status }),
      ...(rest.failure !== undefined && { failure: rest.failure }),
      durationMs: performance.now() - startedAt,
      values: bodyValues(rest.text ?? '', requestSecrets(request)),
    })
    try {
      const answer = await transport.send(request)
      observation.emit(() => answerEvent({ status: answer.status, text: answer.text }))
      return answer
    } catch (error) {
      const failure = error instanceof TransportError ? error.message : 'it could not be sent'
      observation.emit(() => answerEvent({ failure: shownText(failure) }))
      throw error
    }
  }

  return { ...transport, send: diagnostics.observe(transport.send, observedSend) }
}

/** The event of a request. The credentials in its headers are hashes, after the scheme, such as `Basic `. */
function requestEvent(request: OutgoingRequest): FlowEvent {
  const { method, url, headers } = request
  const { authorization } = headers
  const [scheme = '', credentials = ''] = authorization?.split(' ') ?? []
  const proof = headers['dpop']
  return {
    type: 'request',
    method,
    address: shownAddress(url),
    values: [
      ...shownValues(parametersOf(request), { sentByUs: true }),
      ...(authorization === undefined
        ? []
        : [hashedHeader('Authorization', credentials, `${shownText(scheme)} `)]),
      ...(proof === undefined ? [] : [hashedHeader('DPoP', proof)]),
    ],
  }
}

function hashedHeader(name: string, value: string, prefix = ''): ShownValue {
  return { name, value: prefix + shortHash(value), hashed: true }
}

/** The parameters in the query and in the body, by name. */
function parametersOf({ url, headers, body }: OutgoingRequest): [string, string][] {
  const query = [...new URL(url).searchParams]
  if (body === undefined) return query
  const isJson = headers['content-type']?.includes('json') === true
  const members = isJson ? (jsonMembers(body) ?? []) : [...new URLSearchParams(body)]
  return [...query, ...members.map(([name, value]): [string, string] => [name, value])]
}

/** Headers without secrets. */
const PLAIN_HEADERS: ReadonlySet<string> = new Set(['accept', 'content-type', 'user-agent'])

/** The secrets of a request, in each form in which the provider may quote them in its answer. */
function requestSecrets(request: OutgoingRequest): readonly string[] {
  const fields = Object.entries(request.headers)
    .filter(([name]) => !PLAIN_HEADERS.has(name))
    .map(([, field]) => field)
    .flatMap((field) => [field, ...field.split(' ').slice(1)])
  return [...secretsIn(parametersOf(request)), ...fields, ...fields.flatMap(basicPasswords)]
}

/**
 * The password in an HTTP Basic header, as it was sent and without its form encoding. Empty for other headers.
 *
 * @see [RFC 6749, section 2.3.1 - Client Password](https://www.rfc-editor.org/rfc/rfc6749.html#section-2.3.1)
 */
function basicPasswords(field: string): readonly string[] {
  if (!field.startsWith('Basic ')) return []
  const [, password = ''] = Buffer.from(field.slice(6), 'base64').toString().split(/:(.*)/s)
  const [decoded = ''] = new URLSearchParams(`=${password}`).values()
  return [password, decoded]
}

/** The members of a JSON body without their secrets. Any other body is one hash, because its parts are unknown. */
function bodyValues(text: string, secrets: readonly string[]): readonly ShownValue[] {
  const members = jsonMembers(text)
  if (members !== undefined) return shownValues(members, { sentByUs: false, secrets })
  return text === '' ? [] : [{ name: 'body', value: shortHash(text), hashed: true }]
}
