import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createTransport } from '../../src/client/transport.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'
import { startTcpServer } from '../support/tcp-server.js'
import type { RawRequest, TcpServer } from '../support/tcp-server.js'

const TIMEOUT_MS = 10_000
const LIMIT_BYTES = 1_000

let server: TcpServer
let clock: ManualClock

beforeEach(async () => {
  server = await startTcpServer()
  clock = createManualClock()
})
afterEach(() => server.close())

/** Fetches, and resolves to the promise of the answer when the request has arrived. */
async function begin(
  init?: RequestInit,
): Promise<{ readonly answer: Promise<Response>; readonly request: RawRequest }> {
  const transport = createTransport(
    { timeoutMs: TIMEOUT_MS, responseLimitBytes: LIMIT_BYTES, maximumConnections: 8 },
    clock,
  )
  const index = server.requests.length
  const answer = transport.fetch(`${server.origin}/mcp`, init)
  // A test looks at it later.
  answer.catch(() => undefined)
  return { answer, request: await server.request(index) }
}

/** The beginning of an answer without a length: it goes on until the connection ends. */
function head(contentType: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nTransfer-Encoding: chunked\r\n\r\n`
}

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

const END = '0\r\n\r\n'

/** Reads until so many characters have come. */
async function read(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  characters: number,
): Promise<string> {
  let text = ''
  while (text.length < characters) {
    const { value, done } = await reader.read()
    if (done) break
    text += new TextDecoder().decode(value)
  }
  return text
}

describe('an event stream that fetch returns', () => {
  it.each(['text/event-stream', 'Text/Event-Stream; charset=utf-8', 'text/event-stream ;a=b'])(
    'as %s goes on after timeoutMs, and becomes larger than responseLimitBytes',
    async (contentType) => {
      const { answer, request } = await begin()
      clock.advance(TIMEOUT_MS - 1)
      request.send(head(contentType))
      const reader = (await answer).body?.getReader()
      if (reader === undefined) throw new Error('There is no body.')

      for (let hour = 0; hour < 3; hour++) {
        clock.advance(60 * 60_000)
        const event = `data: ${'x'.repeat(LIMIT_BYTES)}\n\n`
        request.send(chunk(event))
        expect(await read(reader, event.length)).toBe(event)
      }
      request.send(END)
      expect(await reader.read()).toEqual({ done: true, value: undefined })
    },
  )

  it('has to begin within timeoutMs', async () => {
    const { answer } = await begin()
    clock.advance(TIMEOUT_MS)
    await expect(answer).rejects.toMatchObject({ name: 'TransportError', networkCode: 'timeout' })
  })

  it('ends when its caller aborts', async () => {
    const caller = new AbortController()
    const { answer, request } = await begin({ signal: caller.signal })
    request.send(head('text/event-stream') + chunk('data: 1\n\n'))
    const reader = (await answer).body?.getReader()
    if (reader === undefined) throw new Error('There is no body.')
    expect(await read(reader, 9)).toBe('data: 1\n\n')
    clock.advance(2 * TIMEOUT_MS)

    const reason = new Error('enough')
    caller.abort(reason)
    await expect(reader.read()).rejects.toBe(reason)
  })

  it('that was aborted before it began rejects with the reason of the caller', async () => {
    const caller = new AbortController()
    const { answer } = await begin({ signal: caller.signal })
    const reason = new Error('enough')
    caller.abort(reason)
    await expect(answer).rejects.toBe(reason)
  })
})

describe('any other answer that fetch returns', () => {
  const others = ['application/json', 'text/plain', 'text/event-streams', 'text/event-stream-like']

  it.each([...others, 'application/json; a="text/event-stream"'])(
    'as %s is complete within timeoutMs, or fails',
    async (contentType) => {
      const { answer, request } = await begin()
      request.send(head(contentType) + chunk('{'))
      const body = (await answer).text()
      const failure = body.catch((error: unknown) => error)
      clock.advance(TIMEOUT_MS)
      expect(await failure).toMatchObject({ name: 'TimeoutError' })
    },
  )

  it.each(others)('as %s is not larger than responseLimitBytes, or fails', async (contentType) => {
    const { answer, request } = await begin()
    request.send(head(contentType) + chunk('x'.repeat(LIMIT_BYTES + 1)) + END)
    await expect((await answer).text()).rejects.toMatchObject({ networkCode: 'too_large' })

    const { answer: next, request: same } = await begin()
    same.send(head(contentType) + chunk('x'.repeat(LIMIT_BYTES)) + END)
    expect(await (await next).text()).toHaveLength(LIMIT_BYTES)
    // Its time is over when it was read.
    clock.advance(2 * TIMEOUT_MS)
  })
})
