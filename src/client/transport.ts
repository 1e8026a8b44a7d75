import type { Dispatcher, RequestInit as UndiciRequestInit } from 'undici'
import { ConfigurationError } from '../errors/setup-errors.js'
import type { ProviderErrorFacts } from '../errors/http-statuses.js'
import type { ProviderError } from '../errors/provider-errors.js'
import { systemClock } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import { isSecure } from '../lib/secure-url.js'
import { applicationAgent, loadUndici, providerAgent } from './agents.js'
import { createConnectionLimit } from './connection-limit.js'
import type { ConnectionLimit } from './connection-limit.js'
import { exchange } from './exchange.js'
import type { Answer, OutgoingRequest } from './exchange.js'
import { TransportError, asTransportError, tooLarge } from './transport-error.js'

export type { Answer, OutgoingRequest } from './exchange.js'
export { TransportError } from './transport-error.js'

/** How connections to a provider are made. */
export interface TransportOptions {
  /** Time for the whole exchange, from connecting to the end of the body, in **milliseconds**. */
  readonly timeoutMs: number
  /** The size limit of an answer's body, in **bytes**. */
  readonly responseLimitBytes: number
  /** How many requests of `send` are under way at the same time. */
  readonly maximumConnections: number
  /** An undici dispatcher: a proxy, a private CA, a client certificate, a `MockAgent`. */
  readonly dispatcher?: Dispatcher | undefined
  /** The hosts of which plain HTTP is allowed. */
  readonly dangerouslyAllowHttp?: readonly string[] | undefined
}

/** Sends all requests of the library: with limits of time and size, over HTTPS, without following redirects. */
export interface Transport {
  /**
   * Sends a request once, never again, and reads the whole answer, whatever its status. Its time counts from when it
   * has a connection; it waits for one as long again at most.
   *
   * @throws {TransportError} if no complete answer came
   */
  readonly send: (request: OutgoingRequest) => Promise<Answer>
  /**
   * `fetch` under the same limits, except that of connections; `redirect` is `manual` unless `init` says otherwise. An event
   * stream has to begin in time, and has no limits then.
   *
   * @throws {TransportError} if no answer came
   */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
  /** The connections of `send`. */
  readonly connections: ConnectionLimit
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

/** @see [RFC 9110, section 15 - Status Codes](https://www.rfc-editor.org/rfc/rfc9110.html#section-15) */
const LARGEST_STATUS = 599

/** How many URLs a transport remembers: far more than a provider has endpoints. */
const MAXIMUM_TARGETS = 50

/** Creates a transport. Transports without a dispatcher of their own share keep-alive pools. */
export function createTransport(options: TransportOptions, clock: Clock = systemClock): Transport {
  const { timeoutMs, responseLimitBytes, maximumConnections, dangerouslyAllowHttp } = options
  const connections = createConnectionLimit(maximumConnections, clock)
  const targets = new Map<string, URL>()

  /** Endpoints are called again and again: each URL is parsed and checked once. */
  function targetOf(url: string): URL {
    const known = targets.get(url)
    if (known !== undefined) return known
    const target = secureUrl(url, dangerouslyAllowHttp)
    if (targets.size < MAXIMUM_TARGETS) targets.set(url, target)
    return target
  }

  return {
    connections,

    async send(request) {
      const target = targetOf(request.url)
      const { timeoutMs: limitMs = timeoutMs, urgent = true } = request
      const connectTimeoutMs = Math.min(limitMs, timeoutMs)
      const dispatcher = options.dispatcher ?? (await providerAgent(maximumConnections))
      const own =
        request.connection === undefined
          ? await connections.acquire(urgent, connectTimeoutMs)
          : undefined
      const headers = { ...DEFAULT_HEADERS, ...request.headers }
      const limits = { timeoutMs: limitMs, connectTimeoutMs, responseLimitBytes }
      try {
        return await exchange(dispatcher, target, { ...request, headers }, limits, clock)
      } finally {
        own?.release()
      }
    },

    async fetch(url, init = {}) {
      const target = secureUrl(url, dangerouslyAllowHttp)
      const { fetch } = await loadUndici()
      const dispatcher = options.dispatcher ?? (await applicationAgent())
      const timeLimit = new AbortController()
      const stopTimer = clock.timer(
        timeoutMs,
        () => timeLimit.abort(new DOMException('The time is up', 'TimeoutError')),
        { background: true },
      )
      const signal = init.signal
        ? AbortSignal.any([init.signal, timeLimit.signal])
        : timeLimit.signal
      // The built-in `fetch` and undici's are one implementation with two sets of type names.
      const undiciInit = {
        redirect: 'manual',
        ...init,
        signal,
        dispatcher,
      } as UndiciRequestInit
      try {
        const answer = (await fetch(target, undiciInit)) as unknown as Response
        // What an API sends as it happens has no end that could be waited for: whoever reads it says when it is enough.
        if (isEventStream(answer)) {
          stopTimer()
          return answer
        }
        return withLimitedBody(answer, responseLimitBytes, stopTimer)
      } catch (error) {
        stopTimer()
        // What cannot be used closes its connection: nobody will read it.
        timeLimit.abort()
        // An abort by the caller is passed on as it is. `fetch` has the network's error as its `cause`.
        if (init.signal?.aborted) throw error
        const { cause } = error as Error
        const { hostname } = target
        throw asTransportError(cause ?? error, { sent: sentBy(init), hostname, limitMs: timeoutMs })
      }
    },
  }
}

/** The texts of a request of `fetch`. */
function sentBy({ headers, body }: RequestInit): readonly string[] {
  const text = typeof body === 'string' || body instanceof URLSearchParams ? String(body) : ''
  return [text, ...new Headers(headers).values()]
}

function secureUrl(url: string | URL, plainHttpHosts: readonly string[] | undefined): URL {
  const parsed = new URL(url)
  if (!isSecure(parsed, plainHttpHosts)) {
    throw new ConfigurationError(`Refused to send a request to ${parsed.origin}: it is not HTTPS.`)
  }
  return parsed
}

/** @see [HTML, section 9.2 - Server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html) */
function isEventStream({ headers }: Response): boolean {
  return /^text\/event-stream\s*(?:;|$)/i.test(headers.get('content-type') ?? '')
}

/** @param stopTimer called when the body was read to its end */
function withLimitedBody(answer: Response, limitBytes: number, stopTimer: () => void): Response {
  // A response of ours cannot have such a status, so its body could not be limited.
  if (answer.status > LARGEST_STATUS) {
    throw new TransportError(
      `The answer has the status ${answer.status}, which does not exist`,
      'unknown',
    )
  }
  if (answer.body === null) {
    stopTimer()
    return answer
  }
  let receivedBytes = 0
  const limiter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      receivedBytes += chunk.length
      if (receivedBytes > limitBytes) controller.error(tooLarge(limitBytes))
      else controller.enqueue(chunk)
    },
    flush: stopTimer,
  })
  const limited = new Response(answer.body.pipeThrough(limiter), answer)
  return Object.defineProperty(limited, 'url', { value: answer.url })
}
