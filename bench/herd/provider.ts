import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** A provider that refreshes so many grants per second, one after the other. */
export interface SlowProvider {
  readonly tokenURL: string
  /** The most connections that were open at once. */
  readonly mostConnections: () => number
  readonly requests: () => number
  /** Refresh tokens that were used a second time. */
  readonly reused: () => number
  close(): Promise<void>
}

/** Starts the provider. Refresh tokens rotate: `name.1` is answered with `name.2`. */
export async function startSlowProvider(perSecond: number): Promise<SlowProvider> {
  const used = new Set<string>()
  let connections = 0
  let mostConnections = 0
  let requests = 0
  let reused = 0
  /** When the next answer may be sent. */
  let freeAt = 0

  const server = createServer((request, response) => {
    void text(request).then((body) => {
      requests += 1
      const token = new URLSearchParams(body).get('refresh_token') ?? ''
      if (used.has(token)) reused += 1
      used.add(token)
      const [name = '', generation = '1'] = token.split('.')
      freeAt = Math.max(performance.now(), freeAt) + 1000 / perSecond
      const answer = {
        access_token: `access.${name}.${Number(generation) + 1}`,
        refresh_token: `${name}.${Number(generation) + 1}`,
        token_type: 'Bearer',
        expires_in: 3600,
      }
      setTimeout(() => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(answer))
      }, freeAt - performance.now())
    })
  })
  server.on('connection', (socket) => {
    connections += 1
    mostConnections = Math.max(mostConnections, connections)
    socket.once('close', () => (connections -= 1))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    tokenURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    mostConnections: () => mostConnections,
    requests: () => requests,
    reused: () => reused,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
