import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort } from '../../test/support/child-process.js'
import { kill, start } from './children.js'
import type { DisturbedStore, Stretch } from './disturbed-store.js'

/** A Redis with a replica, behind one address. */
export interface RedisPair extends DisturbedStore {
  /** Where clients find the server that is the primary at present. */
  readonly port: number
  /** Kills the primary and starts it again `awayMs` later. It loses nothing it has acknowledged. */
  restart(awayMs: number): Promise<void>
  /** Promotes the replica `awayMs` later. It has not received what was written in the last `lostMs`. */
  failOver(lostMs: number, awayMs: number): Promise<void>
}

/**
 * A write that the primary has acknowledged may have been on its way to the replica for so long when the connection
 * between them is cut, in milliseconds.
 */
const REPLICATION_LAG_MS = 500

/** So long after Redis has sent it, a busy process may notice an acknowledgement, in milliseconds. */
const LATENESS_MS = 300

interface Server {
  readonly port: number
  child: ChildProcess
  run(): Promise<void>
}

/** Starts both servers, which keep their data in `folder`, and the address in front of them. */
export async function startRedisPair(folder: string): Promise<RedisPair> {
  const outages: Stretch[] = []
  const losses: Stretch[] = []
  let [primary, replica] = [await startServer(folder, 'a'), await startServer(folder, 'b')]
  await follow(replica, primary)
  const door = await startDoor(primary.port)

  return {
    name: 'Redis',
    port: door.port,
    outages,
    losses,

    async restart(awayMs) {
      const from = Date.now()
      await kill(primary.child)
      await sleep(awayMs)
      await primary.run()
      outages.push({ from, to: Date.now() })
    },

    async failOver(lostMs, awayMs) {
      const lostFrom = Date.now() - REPLICATION_LAG_MS
      await command(replica.port, 'REPLICAOF NO ONE')
      await sleep(lostMs)
      const from = Date.now()
      door.close()
      await kill(primary.child)
      losses.push({ from: lostFrom, to: Date.now() + LATENESS_MS })
      await sleep(awayMs)
      ;[primary, replica] = [replica, primary]
      door.open(primary.port)
      outages.push({ from, to: Date.now() })
      await replica.run()
      await follow(replica, primary)
    },
  }
}

async function startServer(folder: string, name: string): Promise<Server> {
  const port = await findFreePort()
  const dir = join(folder, name)
  mkdirSync(dir)
  const args = Object.entries({
    port: String(port),
    bind: '127.0.0.1',
    dir,
    save: '',
    appendonly: 'yes',
    appendfsync: 'always',
    'repl-diskless-sync-delay': '0',
  }).flatMap(([option, value]) => [`--${option}`, value])

  async function run(): Promise<ChildProcess> {
    const child = start('redis-server', args)
    while ((await command(port, 'PING')) !== '+PONG') {
      if (child.exitCode !== null) throw new Error('redis-server does not start.')
      await sleep(20)
    }
    return child
  }

  const server = { port, child: await run(), run: async () => void (server.child = await run()) }
  return server
}

/** Resolves when `replica` has everything that `primary` has. */
async function follow(replica: Server, primary: Server): Promise<void> {
  await command(replica.port, `REPLICAOF 127.0.0.1 ${primary.port}`)
  while (!(await command(replica.port, 'INFO replication')).includes('master_link_status:up')) {
    await sleep(50)
  }
}

/** Sends one command; resolves to the answer's first packet without the line's end, or to nothing if none comes. */
async function command(port: number, line: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(`${line}\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString().trim()
  } catch {
    return ''
  } finally {
    socket.destroy()
  }
}

/** One address in front of whichever server is the primary. */
async function startDoor(firstPort: number) {
  const sockets = new Set<Socket>()
  let target: number | undefined = firstPort

  function join(from: Socket, to: Socket): void {
    sockets.add(from)
    from.setNoDelay(true)
    from.pipe(to)
    from.on('error', () => undefined)
    from.once('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }

  const server = createServer((client) => {
    if (target === undefined) {
      client.destroy()
      return
    }
    const upstream = connect(target, '127.0.0.1')
    join(client, upstream)
    join(upstream, client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    open: (port: number) => void (target = port),
    close(): void {
      target = undefined
      for (const socket of sockets) socket.destroy()
    },
  }
}
