import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** Stands between a client and a server, and can stop to forward what they send, as a network that drops packets does. */
export interface SilentProxy {
  readonly port: number
  /** From now on, nothing is forwarded. Connections stay open, and new ones are accepted. */
  silence(): void
  /** Forwards what was held back, and everything from now on. */
  speak(): void
  close(): Promise<void>
}

/** Starts a proxy on a free port, to a server on this machine. */
export async function startSilentProxy(serverPort: number): Promise<SilentProxy> {
  const sockets = new Set<Socket>()
  let isSilent = false
  let held: (() => void)[] = []

  function forward(from: Socket, to: Socket): void {
    sockets.add(from)
    from.on('data', (chunk) => {
      if (isSilent) held.push(() => to.write(chunk))
      else to.write(chunk)
    })
    from.on('error', () => to.destroy())
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }

  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1')
    forward(client, upstream)
    forward(upstream, client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    silence: () => void (isSilent = true),
    speak() {
      isSilent = false
      for (const send of held) send()
      held = []
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
