/** No complete answer came. Callers turn it into an error that says what was requested: see `rethrowAs`. */
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
 * The transport's error for one of the network's, of undici's, or of whatever a `dispatcher` throws. Its `cause` is
 * a copy without anything that could be a part of the request or the answer.
 *
 * @param limitMs how long the request was allowed to take, in **milliseconds**
 * @param sent the body and the header values of the request
 */
export function asTransportError(
  error: unknown,
  limitMs: number,
  sent: readonly string[],
): TransportError {
  if (error instanceof TransportError) return error
  const facts = factsOf(error)
  const code = [facts.code, facts.name].find(isCode) ?? 'unknown'
  const cause = withoutSecrets(facts, code, sent)
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new TransportError('No connection could be made in time', 'timeout', cause)
  }
  if (code === 'TimeoutError' || code.endsWith('_TIMEOUT')) {
    return new TransportError(`No complete answer within ${limitMs} ms`, 'timeout', cause)
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
}

function factsOf(error: unknown): ErrorFacts {
  // No `instanceof Error`: under Jest, Node's own errors belong to another realm.
  return typeof error === 'object' && error !== null ? error : {}
}

function isCode(value: unknown): value is string {
  return typeof value === 'string' && /^\w{1,64}$/.test(value)
}

/**
 * The codes of Node's, OpenSSL's and undici's own errors, whose messages are about the connection. Not those of
 * undici's `MockAgent`, which quotes the body of the request.
 */
const NETWORK_CODE =
  /^(?:TimeoutError|HTTPParserError|(?:E|HPE_|ERR_|UND_ERR_|[A-Z_]*CERT|UNABLE_TO_)[A-Z0-9_]*)$/

/** The facts with which system errors say where a connection was to go. */
const PLACES = ['errno', 'syscall', 'hostname', 'address', 'port'] as const

/**
 * A copy of an error of the network. Interceptors and mock agents throw errors that hold the request or the answer, so only known facts are
 * copied, and the message only if it comes from the network.
 */
function withoutSecrets(facts: ErrorFacts, code: string, sent: readonly string[]): Error {
  const message = messageOf(facts)
  const isHarmless = NETWORK_CODE.test(code) && !quotes(message, sent)
  const cause = new Error(
    isHarmless ? message : 'The message is left out: it may quote the request or its answer.',
  )
  const stack = typeof facts.stack === 'string' ? facts.stack : ''
  const frames = stack
    .split('\n')
    .filter((line) => /^\s+at .*:\d+:\d+\)?$/.test(line) && !quotes(line, sent))
  cause.stack = [`${code}: ${cause.message}`, ...frames].join('\n')
  const copied = PLACES.map((name) => [name, (facts as Record<string, unknown>)[name]] as const)
  return Object.assign(cause, {
    code,
    ...Object.fromEntries(
      copied.filter(([, value]) => isPlace(value) && !quotes(String(value), sent)),
    ),
  })
}

function isPlace(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'string'
}

function messageOf({ message, errors }: ErrorFacts): string {
  const all = Array.isArray(errors) ? errors.map((one) => factsOf(one).message) : []
  return [message, ...all].filter((one) => typeof one === 'string' && one !== '').join('; ')
}

/** The shortest part of a request that counts as quoted, in characters. */
const SHORTEST_QUOTE = 8

/** Whether a text contains a part of the request: a parameter, a token, a password. */
function quotes(text: string, sent: readonly string[]): boolean {
  return sent
    .flatMap((one) => [...one.split(/[^\w.~+/-]+/), ...new URLSearchParams(one).values()])
    .some((part) => part.length >= SHORTEST_QUOTE && text.includes(part))
}
