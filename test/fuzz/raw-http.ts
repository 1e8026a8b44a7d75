import { connect } from 'node:net'

/** A request as it goes over the wire, well-formed or not. */
export interface RawRequest {
  readonly method?: string
  /** What stands between the method and the version. */
  readonly target: string
  /** Lines between the request line and the body; `Host` and `Content-Length` are added. */
  readonly headers?: readonly string[]
  readonly body?: string | Uint8Array
}

/** What came back. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Whether Node's own parser refused the request, so that the application never saw it. */
  readonly refused: boolean
}

/** Sends bytes that no HTTP client would send, and resolves with the first answer. */
export function sendRaw(origin: string, request: RawRequest): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(origin)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytesOf(request, host)))
    let received = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const answer = firstAnswer(received)
      if (answer === undefined) return
      socket.destroy()
      resolve(answer)
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`No answer but ${JSON.stringify(String(received))}`)))
  })
}

function bytesOf({ method = 'GET', target, headers = [], body }: RawRequest, host: string): Buffer {
  const content = Buffer.from(body ?? '')
  const named = headers.some((line) => /^host:/i.test(line)) ? [] : [`Host: ${host}`]
  const length = body === undefined ? [] : [`Content-Length: ${content.length}`]
  const head = [`${method} ${target} HTTP/1.1`, ...named, ...headers, ...length, '', ''].join(
    '\r\n',
  )
  return Buffer.concat([Buffer.from(head), content])
}

/** The answer that `bytes` begin with, if it is complete. */
function firstAnswer(bytes: Buffer): RawAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers = new Headers(
    lines.map((line): [string, string] => {
      const [name = '', value = ''] = line.split(/:(.*)/s)
      return [name, value.trim()]
    }),
  )
  const body = bytes.subarray(end + 4)
  const length = headers.get('content-length')
  if (length !== null && body.length < Number(length)) return undefined
  const chunked = headers.get('transfer-encoding') === 'chunked'
  if (chunked && !body.toString('latin1').endsWith('0\r\n\r\n')) return undefined
  return {
    status: Number(statusLine.split(' ')[1]),
    headers,
    text: body.toString(),
    // Whatever Express answers has its own headers.
    refused: !headers.has('date'),
  }
}
