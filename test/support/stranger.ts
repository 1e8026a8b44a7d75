import { createTransport } from '../../src/client/transport.js'
import type { Transport } from '../../src/client/transport.js'
import { listen } from './http.js'

/** How a stranger's server answers. */
export interface StrangersAnswer {
  /** @default 200 */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Text as it is; anything else as JSON. */
  readonly body?: unknown
}

/** A server that says what the test wants, about itself and others. */
export interface Stranger {
  readonly origin: string
  /** Answers, by path with query; all else is 404. */
  readonly answers: Map<string, StrangersAnswer>
  /** The requests so far, such as `GET /mcp`. */
  readonly asked: string[]
  /** The bodies of these requests. */
  readonly bodies: string[]
  /** Sends requests to it: answers of 64 KiB, in 5 s. */
  readonly transport: Transport
  close(): Promise<void>
}

/** Starts one on a free port of 127.0.0.1. */
export async function startStranger(): Promise<Stranger> {
  const answers = new Map<string, StrangersAnswer>()
  const asked: string[] = []
  const bodies: string[] = []
  const { origin, close } = await listen((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    request.on('end', () => {
      asked.push(`${request.method} ${request.url}`)
      bodies.push(text)
      const found = answers.get(request.url ?? '') ?? { status: 404, body: 'Not found' }
      const { status = 200, headers = { 'content-type': 'application/json' }, body = '' } = found
      response.writeHead(status, headers)
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  const limits = { timeoutMs: 5_000, responseLimitBytes: 65_536, maximumConnections: 8 }
  return { origin, close, answers, asked, bodies, transport: createTransport(limits) }
}
