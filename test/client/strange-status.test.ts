import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { TransportError, createTransport } from '../../src/client/transport.js'
import { until } from '../support/until.js'

/** Its answers have this status, begin a body, and never end it. */
let status = '200'
const sockets = new Set<Socket>()
const server = createServer((socket) => {
  sockets.add(socket)
  socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  socket.on('data', () =>
    socket.write(`HTTP/1.1 ${status} X\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n`),
  )
})

beforeEach(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

it.each(['600', '999'])(
  'an answer of fetch with the status %s, which does not exist, is an error and closes its connection',
  async (given) => {
    status = given
    const transport = createTransport({
      timeoutMs: 10_000,
      responseLimitBytes: 1_000,
      maximumConnections: 1,
    })
    const { port } = server.address() as AddressInfo
    const fetched = transport.fetch(`http://127.0.0.1:${port}/`)
    await expect(fetched).rejects.toThrow(TransportError)
    await expect(fetched).rejects.toThrow(
      `The answer has the status ${given}, which does not exist`,
    )
    await until(() => Promise.resolve(sockets.size === 0))
  },
)
