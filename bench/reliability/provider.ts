import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from '../../test/support/http.js'
import { between } from './random.js'
import type { Random } from './random.js'
import { createTokenBook } from './token-book.js'
import type { Answer, Grant, RefreshTokenUse } from './token-book.js'

/** How the provider behaves. */
export interface ProviderOptions {
  readonly random: Random
  readonly accessTokenSeconds: number
  /** How long its clients wait for an answer, in milliseconds. */
  readonly timeoutMs: number
}

/** A provider that rotates refresh tokens and takes the second use of one for theft. */
export interface Provider {
  readonly origin: string
  /** The share of token requests that fail, from 0 to 1. */
  failureRate: number
  readonly counts: {
    readonly tokenRequests: number
    readonly refreshes: number
    readonly reusedCodes: number
  }
  /** How many requests failed in each way. */
  readonly faults: ReadonlyMap<Fault, number>
  readonly grants: ReadonlyMap<string, Grant>
  close(): Promise<void>
}

/** Which process a request comes from: the app says so in this header. */
export const PROCESS_HEADER = 'x-process'
/** Who sits at the browser: the person's answer to the provider's own login page. */
export const PERSON_HEADER = 'x-person'

/** The ways to fail, and how many of a hundred failures are of each. */
const FAULTS = {
  /** Not looked at. */
  'answers 500': 30,
  'answers 503': 21,
  'answers 503 with Retry-After': 4,
  'cuts the connection': 25,
  'says nothing and then cuts the connection': 2,
  /** Done. */
  'does it, and cuts the connection': 1,
  'does it, and cuts the connection within the answer': 1,
  'does it, and answers after the time limit': 12,
  'does it, and answers after up to 30 s': 4,
} as const

/** A way to fail. */
export type Fault = keyof typeof FAULTS

/** A proxy in front of the provider gives up after so long, in milliseconds. */
const SILENCE_MS = 20_000
const LATEST_MS = 30_000

/** Starts the provider, and beside it an API that says whose token it was shown. */
export async function startProvider(options: ProviderOptions): Promise<Provider> {
  const { random, timeoutMs } = options
  const book = createTokenBook(options.accessTokenSeconds)
  const faults = new Map<Fault, number>()
  const provider = { failureRate: 0 }

  function nextFault(): Fault | undefined {
    if (random() >= provider.failureRate) return undefined
    const fault = weighted(random)
    faults.set(fault, (faults.get(fault) ?? 0) + 1)
    return fault
  }

  async function answerToken(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request))
    const code = form.get('code')
    book.counts.tokenRequests++
    if (code !== null) book.noteCode(code)
    await sleep(between(random, 5, 40))
    const fault = nextFault()
    if (fault !== undefined && !fault.startsWith('does it')) {
      await fail(fault, request, response)
      return
    }
    const { answer, use }: { answer: Answer; use?: RefreshTokenUse } =
      code === null
        ? book.refresh(form.get('refresh_token') ?? '', processOf(request))
        : { answer: book.exchange(code) }
    await deliver(answer, use, fault, response)
  }

  async function fail(
    fault: Fault,
    { socket }: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (fault === 'answers 500') reply(response, [500, {}])
    else if (fault === 'answers 503') reply(response, [503, { error: 'temporarily_unavailable' }])
    else if (fault === 'answers 503 with Retry-After') {
      reply(response, [503, { error: 'temporarily_unavailable' }, { 'retry-after': '1' }])
    } else {
      if (fault !== 'cuts the connection') await sleep(SILENCE_MS)
      socket.destroy()
    }
  }

  async function deliver(
    answer: Answer,
    use: RefreshTokenUse | undefined,
    fault: Fault | undefined,
    response: ServerResponse,
  ): Promise<void> {
    if (fault === 'does it, and answers after the time limit') {
      await sleep(between(random, timeoutMs, timeoutMs + 5_000))
    }
    if (fault === 'does it, and answers after up to 30 s') {
      await sleep(between(random, timeoutMs + 5_000, LATEST_MS))
    }
    if (fault?.startsWith('does it, and cuts') === true) {
      if (use !== undefined) use.isAnswerLost = true
      if (fault.endsWith('within the answer')) {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
        response.write('{"access_token":')
        await sleep(50)
      }
      response.destroy()
      return
    }
    if (use !== undefined) use.answeredAt = Date.now()
    reply(response, answer)
  }

  const server = await listen((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost')
    if (url.pathname === '/authorize') {
      const code = book.issueCode(String(request.headers[PERSON_HEADER]))
      const state = url.searchParams.get('state') ?? ''
      const callback = `${url.searchParams.get('redirect_uri') ?? ''}?code=${code}&state=${state}`
      response.writeHead(302, { location: callback }).end()
    } else if (url.pathname === '/token') {
      // Who hangs up while sending has made no request.
      answerToken(request, response).catch(() => response.destroy())
    } else {
      const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
      reply(response, book.present(token, processOf(request)))
    }
  })
  return Object.assign(provider, { ...server, faults, counts: book.counts, grants: book.grants })
}

function weighted(random: Random): Fault {
  let rest = random() * 100
  for (const [fault, weight] of Object.entries(FAULTS)) {
    rest -= weight
    if (rest < 0) return fault as Fault
  }
  return 'answers 500'
}

function processOf({ headers }: IncomingMessage): string {
  return String(headers[PROCESS_HEADER])
}

function reply(response: ServerResponse, [status, body, headers]: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
