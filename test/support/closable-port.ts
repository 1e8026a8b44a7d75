import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A port that leads to a server, and that can be closed as if the server were stopped, and opened again. */
export interface ClosablePort {
  readonly origin: string
  /** From now on, nobody listens. Connections that are open break. */
  close(): Promise<void>
  /** The same port again; nothing happens if it is open. */
  open(): Promise<void>
}

/** Opens a port of 127.0.0.1 that leads to a server on this machine. */
export async function openPort(to: string): Promise<ClosablePort> {
  const sockets = new Set<Socket>()
  let server: Server | undefined
  let port = 0

  function join(from: Socket, other: Socket): void {
    sockets.add(from)
    from.on('error', () => other.destroy())
    from.on('close', () => sockets.delete(from))
    from.pipe(other)
  }

  async function open(): Promise<void> {
    if (server?.listening === true) return
    server = createServer((client) => {
      const upstream = connect(Number(new URL(to).port), '127.0.0.1')
      join(client, upstream)
      join(upstream, client)
    }).listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }

  await open()
  return {
    get origin() {
      return `http://127.0.0.1:${port}`
    },
    open,
    async close() {
      if (server?.listening !== true) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
