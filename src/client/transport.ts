import { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import { Agent, errors, fetch, request } from 'undici'
import type { Dispatcher, RequestInit as UndiciRequestInit } from 'undici'
import { ConfigurationError } from '../errors/errors.js'
import type { ProviderError, ProviderErrorFacts } from '../errors/errors.js'
import { isSecure } from '../lib/secure-url.js'

/** How connections to a provider are made. */
export interface TransportOptions {
  /** Time for the whole exchange, from connecting to the end of the body, in **milliseconds**. */
  readonly timeoutMs: number
  /** The size limit of an answer's body, in **bytes**. */
  readonly responseLimitBytes: number
  /** An undici dispatcher: a proxy, a private CA, a client certificate, a `MockAgent`. */
  readonly dispatcher?: Dispatcher | undefined
}

/** A request whose body, if any, is text. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** A shorter time limit than the transport's, in **milliseconds**. */
  readonly timeoutMs?: number | undefined
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body as UTF-8 text, without a byte order mark. */
  readonly text: string
}

/** Sends all requests of the library: with limits of time and size, over HTTPS, without following redirects. */
export interface Transport {
  /**
   * Sends a request once, never again, and reads the whole answer, whatever its status.
   *
   * @throws {TransportError} if no complete answer came
   */
  readonly send: (request: OutgoingRequest) => Promise<Answer>
  /**
   * `fetch` under the same limits; `redirect` is `manual` unless `init` says otherwise.
   *
   * @throws {TransportError} if no answer came
   */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
}

/** No complete answer came. Callers turn it into an error that says what was requested: see {@link rethrowAs}. */
export class TransportError extends Error {
  override readonly name = 'TransportError'

  constructor(
    message: string,
    /** `timeout`, `too_large`, or the network's own code such as `ECONNREFUSED`. */
    readonly networkCode: string,
    cause?: unknown,
  ) {
    super(message, { cause })
  }
}

/**
 * For `catch`: turns a failure of the transport into an error of the provider's. Other errors pass as they are.
 *
 * @param what the beginning of the message, such as "The profile could not be loaded"
 */
export function rethrowAs(
  ErrorClass: new (message: string, facts: ProviderErrorFacts) => ProviderError,
  what: string,
  phase: string,
): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof TransportError)) throw error
    const { message, networkCode, cause } = error
    throw new ErrorClass(`${what}: ${message}.`, { phase, networkCode, cause })
  }
}

/** GitHub's API rejects requests without a `User-Agent`. */
const DEFAULT_HEADERS = { 'user-agent': 'passport-authorization-code' }

/** How many URLs a transport remembers: far more than a provider has endpoints. */
const MAXIMUM_TARGETS = 50

let sharedAgent: Agent | undefined

/** Creates a transport. Transports without a dispatcher of their own share one keep-alive pool. */
export function createTransport(options: TransportOptions): Transport {
  const { timeoutMs, responseLimitBytes } = options
  const dispatcher = options.dispatcher ?? (sharedAgent ??= new Agent())
  const targets = new Map<string, URL>()

  /** Endpoints are called again and again: each URL is parsed and checked once. */
  function targetOf(url: string): URL {
    const known = targets.get(url)
    if (known !== undefined) return known
    const target = secureUrl(url)
    if (targets.size < MAXIMUM_TARGETS) targets.set(url, target)
    return target
  }

  return {
    async send({ method, url, headers, body, timeoutMs: limitMs = timeoutMs }) {
      const target = targetOf(url)
      const signal = new TimeLimit(limitMs)
      try {
        const answer = await request(target, {
          method,
          headers: { ...DEFAULT_HEADERS, ...headers },
          body: body ?? null,
          dispatcher,
          signal,
        })
        const text = await readText(answer.body, responseLimitBytes)
        return { status: answer.statusCode, headers: answer.headers, text }
      } catch (error) {
        throw asTransportError(error, limitMs)
      } finally {
        signal.clear()
      }
    },

    async fetch(url, init = {}) {
      const target = secureUrl(url)
      const timeLimit = AbortSignal.timeout(timeoutMs)
      const signal = init.signal ? AbortSignal.any([init.signal, timeLimit]) : timeLimit
      // The built-in `fetch` and undici's are one implementation with two sets of type names.
      const undiciInit = { redirect: 'manual', ...init, signal, dispatcher } as UndiciRequestInit
      try {
        const answer = (await fetch(target, undiciInit)) as unknown as Response
        return withLimitedBody(answer, responseLimitBytes)
      } catch (error) {
        // An abort by the caller is passed on as it is. `fetch` has the network's error as its `cause`.
        if (init.signal?.aborted) throw error
        const { cause } = error as Error
        throw asTransportError(cause ?? error, timeoutMs)
      }
    },
  }
}

/** A signal that undici accepts. An AbortSignal would make each request noticeably slower. */
class TimeLimit extends EventEmitter {
  /** The error that the request ends with. */
  reason: unknown
  readonly #timer: NodeJS.Timeout

  constructor(limitMs: number) {
    super()
    this.#timer = setTimeout(() => {
      this.reason = new DOMException('The time is up', 'TimeoutError')
      this.emit('abort')
    }, limitMs)
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}

function secureUrl(url: string | URL): URL {
  const parsed = new URL(url)
  if (!isSecure(parsed)) {
    throw new ConfigurationError(`Refused to send a request to ${parsed.origin}: it is not HTTPS.`)
  }
  return parsed
}

/** Reads a body to its end as UTF-8 without a byte order mark, and stops when it is larger than the limit. */
function readText(body: Readable, limitBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let receivedBytes = 0
  return new Promise((resolve, reject) => {
    body.on('data', (chunk: Uint8Array) => {
      receivedBytes += chunk.length
      // Destroying the body ends the connection with it.
      if (receivedBytes > limitBytes) body.destroy(tooLarge(limitBytes))
      else text += decoder.decode(chunk, { stream: true })
    })
    body.once('end', () => resolve(text + decoder.decode()))
    body.once('error', reject)
  })
}

function withLimitedBody(answer: Response, limitBytes: number): Response {
  if (answer.body === null) return answer
  let receivedBytes = 0
  const limiter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      receivedBytes += chunk.length
      if (receivedBytes > limitBytes) controller.error(tooLarge(limitBytes))
      else controller.enqueue(chunk)
    },
  })
  const limited = new Response(answer.body.pipeThrough(limiter), answer)
  return Object.defineProperty(limited, 'url', { value: answer.url })
}

function tooLarge(limitBytes: number): TransportError {
  return new TransportError(`The answer is larger than ${limitBytes} bytes`, 'too_large')
}

function asTransportError(error: unknown, timeoutMs: number): unknown {
  if (error instanceof TransportError || error instanceof ConfigurationError) return error
  // It contains the bytes that could not be parsed, which may be tokens.
  if (error instanceof errors.HTTPParserError) Reflect.deleteProperty(error, 'data')
  // No `instanceof Error`: under Jest, Node's own errors belong to another realm.
  const { name = 'unknown', code: ownCode } = error as { name?: string; code?: unknown }
  const code = typeof ownCode === 'string' ? ownCode : name
  if (name === 'TimeoutError' || code.endsWith('_TIMEOUT')) {
    return new TransportError(`No complete answer within ${timeoutMs} ms`, 'timeout', error)
  }
  return new TransportError(`The connection failed (${code})`, code, error)
}
