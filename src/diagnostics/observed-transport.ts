import { TransportError } from '../client/transport.js'
import type { Answer, OutgoingRequest, Transport } from '../client/transport.js'
import type { FlowEvent } from './observation.js'
import {
  membersOf,
  secretsAmong,
  shortHash,
  shownAddress,
  shownText,
  shownValues,
} from './shown-values.js'
import type { ShownValue } from './shown-values.js'
import type { Diagnostics } from './watch.js'

/** The same transport with its requests and answers as events. Those of `fetch` are the application's own. */
export function observedTransport(transport: Transport, diagnostics: Diagnostics): Transport {
  const { observation } = diagnostics

  async function observedSend(request: OutgoingRequest): Promise<Answer> {
    const startedAt = performance.now()
    observation.tell(() => requestEvent(request))
    const answered = (rest: Partial<Answer> & { failure?: string }): FlowEvent => ({
      type: 'answer',
      address: shownAddress(request.url),
      ...(rest.status !== undefined && { status: rest.status }),
      ...(rest.failure !== undefined && { failure: rest.failure }),
      durationMs: performance.now() - startedAt,
      values: bodyValues(rest.text ?? '', secretsOf(request)),
    })
    try {
      const answer = await transport.send(request)
      observation.tell(() => answered({ status: answer.status, text: answer.text }))
      return answer
    } catch (error) {
      const failure = error instanceof TransportError ? error.message : 'it could not be sent'
      observation.tell(() => answered({ failure: shownText(failure) }))
      throw error
    }
  }

  return { ...transport, send: diagnostics.observe(transport.send, observedSend) }
}

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
      ...shownValues(parametersOf(request), { sent: true }),
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

/** Those of the query and those of the body. */
function parametersOf({ url, headers, body }: OutgoingRequest): [string, string][] {
  const query = [...new URL(url).searchParams]
  if (body === undefined) return query
  const isJson = headers['content-type']?.includes('json') === true
  const members = isJson ? (membersOf(body) ?? []) : [...new URLSearchParams(body)]
  return [...query, ...members.map(([name, value]): [string, string] => [name, value])]
}

/** Headers that say nothing about the client. */
const PLAIN_HEADERS: ReadonlySet<string> = new Set(['accept', 'content-type', 'user-agent'])

/** What a provider might say back: the secrets of the request, in each form it can see them in. */
function secretsOf(request: OutgoingRequest): readonly string[] {
  const fields = Object.entries(request.headers)
    .filter(([name]) => !PLAIN_HEADERS.has(name))
    .map(([, field]) => field)
    .flatMap((field) => [field, ...field.split(' ').slice(1)])
  return [...secretsAmong(parametersOf(request)), ...fields, ...fields.flatMap(basicParts)]
}

/** User name and password of HTTP Basic, as they are and as they were before they were encoded. */
function basicParts(field: string): readonly string[] {
  if (!field.startsWith('Basic ')) return []
  const [, password = ''] = Buffer.from(field.slice(6), 'base64').toString().split(/:(.*)/s)
  const [decoded = ''] = new URLSearchParams(`=${password}`).values()
  return [password, decoded]
}

function bodyValues(text: string, secrets: readonly string[]): readonly ShownValue[] {
  const members = membersOf(text)
  if (members !== undefined) return shownValues(members, { sent: false, secrets })
  return text === '' ? [] : [{ name: 'body', value: shortHash(text), hashed: true }]
}
