import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { until } from './until.js'

/** One HTTP request, as the bytes that came. */
export interface RawRequest {
  readonly text: string
  /** Answers it with HTTP 200, all at once. */
  answer(body: string): void
  /** Sends these bytes. */
  send(bytes: string): void
}

/** A server that sees bytes, and answers when the test says so. */
export interface TcpServer {
  readonly origin: string
  /** Every byte that came, over all connections. */
  readonly received: () => string
  readonly requests: RawRequest[]
  /** How many connections were opened so far. */
  readonly connections: () => number
  /** How many of them are open. */
  readonly open: () => number
  /** Resolves to the request of this number, from 0, when it is there. */
  request(index: number): Promise<RawRequest>
  /** Called with each request when it is there. */
  onRequest: (request: RawRequest) => void
  close(): Promise<void>
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startTcpServer(): Promise<TcpServer> {
  const sockets: Socket[] = []
  const requests: RawRequest[] = []
  let received = ''
  const server = createServer((socket) => {
    sockets.push(socket)
    let unread = ''
    socket.on('error', () => undefined)
    socket.setEncoding('latin1').on('data', (bytes: string) => {
      received += bytes
      unread += bytes
      const [, head = ''] = /^(.*?)\r\n\r\n/s.exec(unread) ?? []
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (head === '' || unread.length < head.length + 4 + length) return
      const text = unread
      unread = ''
      const send = (bytes: string): void => void socket.write(bytes)
      const request: RawRequest = {
        text,
        send,
        answer: (body) =>
          send(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
      }
      requests.push(request)
      tcpServer.onRequest(request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const tcpServer: TcpServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: () => received,
    requests,
    connections: () => sockets.length,
    open: () => sockets.filter(({ closed }) => !closed).length,
    async request(index) {
      await until(() => requests.length > index)
      const request = requests[index]
      if (request === undefined) throw new Error(`There is no request ${index}.`)
      return request
    },
    onRequest: () => undefined,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return tcpServer
}
