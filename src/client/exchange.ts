import type { Dispatcher } from 'undici'
import type { Clock } from '../lib/clock.js'
import type { Connection } from './connection-limit.js'
import { decompress, encodingsIn } from './decompress.js'
import { TransportError, asTransportError, tooLarge } from './transport-error.js'

/** A request whose body, if any, is text. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** A time limit of its own, in **milliseconds**. Longer than the transport's, it is for the answer: a connection must be there as soon as always. */
  readonly timeoutMs?: number | undefined
  /**
   * Called at the moment when the request is written to its connection: after it has waited for one, and connected. If it
   * throws, nothing is written, and `send` rejects with exactly what it threw.
   */
  readonly beforeWrite?: (() => void) | undefined
  /** A connection that the caller has acquired, and releases. Without one, the transport takes one for this request. */
  readonly connection?: Connection | undefined
  /** Whether the request goes before others that wait for a connection. @default true */
  readonly urgent?: boolean | undefined
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body, decompressed, as UTF-8 text, without a byte order mark. */
  readonly text: string
}

/** What one exchange may take. */
export interface ExchangeLimits {
  /** For the whole exchange, in **milliseconds**. */
  readonly timeoutMs: number
  /** Until the request is written, in **milliseconds**. Not longer than `timeoutMs`. */
  readonly connectTimeoutMs: number
  /** The size limit of the answer's body, compressed and decompressed, in **bytes**. */
  readonly responseLimitBytes: number
}

/**
 * Sends a request by an undici dispatcher, once, and reads the whole answer.
 *
 * @throws {TransportError} if no complete answer came
 * @throws what `beforeWrite` throws, exactly
 */
export function exchange(
  dispatcher: Dispatcher,
  target: URL,
  request: OutgoingRequest,
  limits: ExchangeLimits,
  clock: Clock,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const handler = new ExchangeHandler({ resolve, reject }, request, limits, clock)
    try {
      dispatcher.dispatch(
        {
          origin: target.origin,
          path: target.pathname + target.search,
          method: request.method,
          headers: request.headers,
          body: request.body ?? null,
          // undici's own time limits would end requests that may take longer.
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        handler,
      )
    } catch (error) {
      handler.failed(error)
    }
  })
}

/** How the promise of an exchange is settled. */
interface Outcome {
  readonly resolve: (answer: Answer | Promise<Answer>) => void
  readonly reject: (error: unknown) => void
}

/**
 * Receives what happens to one request, under the names that dispatchers of undici 6 and 7 both know.
 *
 * `undici.request` is not used, because after its signal it still waits for a connection.
 */
class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #outcome: Outcome
  readonly #request: OutgoingRequest
  readonly #limits: ExchangeLimits
  readonly #chunks: Buffer[] = []
  #settled = false
  #written = false
  #abort: ((reason: Error) => void) | undefined
  #stopTimer: () => void
  #status = 0
  #headers: Answer['headers'] = {}
  #receivedBytes = 0

  constructor(outcome: Outcome, request: OutgoingRequest, limits: ExchangeLimits, clock: Clock) {
    this.#outcome = outcome
    this.#request = request
    this.#limits = limits
    const { connectTimeoutMs, timeoutMs } = limits
    this.#stopTimer = clock.timer(connectTimeoutMs, () => {
      if (!this.#written) {
        this.#end(new TransportError(`No connection within ${connectTimeoutMs} ms`, 'timeout'))
      } else if (timeoutMs > connectTimeoutMs) {
        this.#stopTimer = clock.timer(timeoutMs - connectTimeoutMs, () => this.#timeIsUp())
      } else {
        this.#timeIsUp()
      }
    })
  }

  /** The connection is ready, and the request is written as soon as this returns. If it throws, nothing is written. */
  onConnect(abort: (reason?: Error) => void): void {
    // Thrown, because `abort` would close a connection that others can use.
    if (this.#settled) throw new TransportError('The request was given up', 'timeout')
    try {
      this.#request.beforeWrite?.()
    } catch (error) {
      this.#fail(error)
      throw error
    }
    this.#written = true
    this.#abort = abort
  }

  onHeaders(status: number, headers: readonly (Buffer | string | Buffer[])[]): boolean {
    this.#status = status
    this.#headers = headersFrom(headers)
    return true
  }

  onData(chunk: Buffer): boolean {
    if (this.#settled) return true
    this.#receivedBytes += chunk.length
    const { responseLimitBytes } = this.#limits
    if (this.#receivedBytes > responseLimitBytes) this.#end(tooLarge(responseLimitBytes))
    else this.#chunks.push(chunk)
    return true
  }

  onComplete(): void {
    if (!this.#settle()) return
    const { responseLimitBytes } = this.#limits
    const parts = { status: this.#status, headers: this.#headers }
    this.#outcome.resolve(answerOf(parts, Buffer.concat(this.#chunks), responseLimitBytes))
  }

  onError(error: unknown): void {
    this.failed(error)
  }

  /** The network has failed, or the dispatcher. */
  failed(error: unknown): void {
    if (this.#settled) return
    const { headers, body = '' } = this.#request
    const sent = [body, ...Object.values(headers)]
    const { hostname } = new URL(this.#request.url)
    this.#fail(asTransportError(error, { sent, hostname, limitMs: this.#limits.timeoutMs }))
  }

  #timeIsUp(): void {
    const { timeoutMs } = this.#limits
    this.#end(new TransportError(`No complete answer within ${timeoutMs} ms`, 'timeout'))
  }

  /** Fails, and ends the connection, on which a late answer might still come. */
  #end(error: TransportError): void {
    this.#fail(error)
    this.#abort?.(error)
  }

  #fail(error: unknown): void {
    if (this.#settle()) this.#outcome.reject(error)
  }

  /** Whether this is the first outcome: it counts. */
  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    this.#stopTimer()
    return true
  }
}

/** The headers of an answer, by name in lower case. Those that came several times are lists. */
function headersFrom(raw: readonly (Buffer | string | Buffer[])[]): Answer['headers'] {
  const headers = new Map<string, string | string[]>()
  const add = (name: string, value: string): void => {
    const before = headers.get(name)
    if (before === undefined) headers.set(name, value)
    else if (typeof before === 'string') headers.set(name, [before, value])
    else before.push(value)
  }
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = String(raw[index]).toLowerCase()
    const value = raw[index + 1] ?? ''
    if (Array.isArray(value)) for (const one of value) add(name, one.toString('latin1'))
    else add(name, value.toString('latin1'))
  }
  return Object.fromEntries(headers)
}

/** @throws {TransportError} if the body cannot be decompressed, or is too large without its compression */
function answerOf(
  parts: Omit<Answer, 'text'>,
  body: Buffer,
  limitBytes: number,
): Answer | Promise<Answer> {
  const encoding = parts.headers['content-encoding']
  const withText = (plain: Buffer): Answer => ({ ...parts, text: new TextDecoder().decode(plain) })
  return encodingsIn(encoding).length === 0
    ? withText(body)
    : decompress(body, encoding, limitBytes).then(withText)
}
