import * as dns from 'node:dns'
import { getSystemErrorMap } from 'node:util'

/** No complete answer came. Callers turn it into an error that says what was requested: see `rethrowAs`. */
export class TransportError extends Error {
  override readonly name = 'TransportError'

  constructor(
    message: string,
    /** `timeout`, `too_large`, `bad_encoding`, or the network's own code such as `ECONNREFUSED`. */
    readonly networkCode: string,
    cause?: unknown,
  ) {
    super(message, { cause })
  }
}

/** The error for an answer that is larger than `limitBytes`. */
export function tooLarge(limitBytes: number): TransportError {
  return new TransportError(`The answer is larger than ${limitBytes} bytes`, 'too_large')
}

/** What a failed request may not tell about itself, and what it may. */
export interface FailedRequest {
  /** Its body and the values of its headers. */
  readonly sent: readonly string[]
  /** The host that it was for. */
  readonly hostname: string
  /** How long it was allowed to take, in **milliseconds**. */
  readonly limitMs: number
}

/**
 * The transport's error for one of the network's, of undici's, or of whatever a `dispatcher` throws. Interceptors and mock
 * agents throw errors that hold the request or the answer, in any of their fields. So nothing is passed on but what is known
 * to come from Node.js, OpenSSL and undici: codes, and the text and the place that belong to them.
 */
export function asTransportError(error: unknown, request: FailedRequest): TransportError {
  if (error instanceof TransportError) return error
  const facts = factsOf(error)
  const code = [facts.code, facts.name].find(isKnown) ?? 'unknown'
  const cause = withoutSecrets(facts, code, request)
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new TransportError('No connection could be made in time', 'timeout', cause)
  }
  if (code === 'TimeoutError' || code.endsWith('_TIMEOUT')) {
    return new TransportError(`No complete answer within ${request.limitMs} ms`, 'timeout', cause)
  }
  return new TransportError(`The connection failed (${code})`, code, cause)
}

/** What errors of the network have, and other values may have. */
interface ErrorFacts {
  readonly name?: unknown
  readonly code?: unknown
  readonly message?: unknown
  readonly stack?: unknown
  /** Node's error for a host with several addresses has no message of its own. */
  readonly errors?: unknown
  readonly errno?: unknown
  readonly syscall?: unknown
  readonly hostname?: unknown
  readonly address?: unknown
  readonly port?: unknown
}

function factsOf(error: unknown): ErrorFacts {
  // No `instanceof Error`: under Jest, Node's own errors belong to another realm.
  return typeof error === 'object' && error !== null ? error : {}
}

/** The codes of the system and of DNS, such as `ECONNREFUSED` and `ENOTFOUND`. */
const SYSTEM_CODES: ReadonlySet<unknown> = new Set([
  ...[...getSystemErrorMap().values()].map(([code]) => code),
  ...Object.values(dns).filter((value) => typeof value === 'string'),
])

/**
 * The codes of Node's TLS, of OpenSSL, of the HTTP parser and of undici. Not those of undici's `MockAgent`, which quotes the
 * body of the request.
 */
const CONNECTION_CODE =
  /^(?:(?:ERR_TLS|ERR_SSL|HPE|UND_ERR)_[A-Z0-9_]{1,50}|(?=.{1,50}$)(?:[A-Z]+_)*(?:CERT|CRL|ISSUER|SIGNATURE)(?:_[A-Z]+)*|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)$/

/** The names of errors that have no code. */
const NAMES: ReadonlySet<unknown> = new Set([
  ...['AbortError', 'HTTPParserError', 'TimeoutError'],
  ...['Error', 'AggregateError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError'],
])

function isKnown(value: unknown): value is string {
  return SYSTEM_CODES.has(value) || isOfConnection(value) || NAMES.has(value)
}

/** Whether the message of an error with this code is about the connection. */
function isOfConnection(code: unknown): boolean {
  return typeof code === 'string' && CONNECTION_CODE.test(code)
}

/** A copy of an error of the network. */
function withoutSecrets(facts: ErrorFacts, code: string, { sent, hostname }: FailedRequest): Error {
  const cause = new Error(messageOf(facts, code, sent, hostname))
  const stack = typeof facts.stack === 'string' ? facts.stack : ''
  const frames = stack
    .split('\n')
    .filter((line) => /^\s+at .*:\d+:\d+\)?$/.test(line) && !quotes(line, sent))
  cause.stack = [`${code}: ${cause.message}`, ...frames].join('\n')
  return Object.assign(cause, { code, ...placeOf(facts, hostname) })
}

function messageOf(
  facts: ErrorFacts,
  code: string,
  sent: readonly string[],
  hostname: string,
): string {
  const all = Array.isArray(facts.errors) ? facts.errors.map(factsOf) : []
  const ofSystem = [facts, ...all].filter((one) => SYSTEM_CODES.has(one.code))
  if (ofSystem.length > 0) return ofSystem.map((one) => systemMessage(one, hostname)).join('; ')
  const { message } = facts
  const isHarmless = isOfConnection(code) || code === 'TimeoutError' || code === 'HTTPParserError'
  if (isHarmless && typeof message === 'string' && !quotes(message, sent)) return message
  return 'The message is left out: it may quote the request or its answer.'
}

/** The calls of the system whose errors say where a connection was to go. */
const CALLS: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo', 'read', 'write', 'shutdown'])

/** The message of an error of the system, as Node.js writes it. */
function systemMessage(facts: ErrorFacts, hostname: string): string {
  const { syscall, address, port, hostname: host } = placeOf(facts, hostname)
  const place = address === undefined ? host : [address, port].filter(Boolean).join(':')
  return [syscall, facts.code, place].filter(Boolean).join(' ')
}

/** Where a connection was to go. */
function placeOf(facts: ErrorFacts, target: string): Partial<Record<string, string | number>> {
  const { errno, syscall, hostname, address, port } = facts
  return {
    ...(typeof errno === 'number' && { errno }),
    ...(CALLS.has(syscall) && { syscall: syscall as string }),
    // That of a proxy, if it cannot be anything else.
    ...(typeof hostname === 'string' &&
      (hostname === target || HOST.test(hostname)) && { hostname }),
    ...(typeof address === 'string' && ADDRESS.test(address) && { address }),
    ...(typeof port === 'number' && { port }),
  }
}

/** An address of IPv4 or IPv6. */
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|(?=.*:.*:)[\da-f:.]{2,45})$/i

/** A name with a dot, in lower case. Tokens do not look like that. */
const HOST = /^(?:[a-z\d-]{1,24}\.)+[a-z]{2,24}$/

/** The shortest part of a request that counts as quoted, in characters. */
const SHORTEST_QUOTE = 8

/** Whether a text contains a part of the request: a parameter, a token, a password. */
function quotes(text: string, sent: readonly string[]): boolean {
  return sent
    .flatMap((one) => [...one.split(/[^\w.~+/-]+/), ...new URLSearchParams(one).values()])
    .some((part) => part.length >= SHORTEST_QUOTE && text.includes(part))
}
