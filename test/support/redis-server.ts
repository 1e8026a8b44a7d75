import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'

/** A client of node-redis, connected. */
export type RedisClient = ReturnType<typeof createRedisClient>

/** A Redis server of the test's own: nothing on disk, no port, only a socket in a folder of its own. */
export interface RedisServer {
  readonly socketPath: string
  /** A client that ends with the server. */
  readonly client: RedisClient
  /** The names of the commands that clients send while `work` runs, oldest first; those inside of scripts are not among them. */
  commandsDuring(work: () => Promise<unknown>): Promise<string[]>
  /** Everything in the server as text: keys, fields and values. */
  dump(): Promise<string[]>
  stop(): Promise<void>
}

/** Starts the program `redisServer`. */
export async function startRedisServer(redisServer: string): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'))
  const socketPath = join(folder, 'redis.sock')
  const child = spawn(
    redisServer,
    ['--port', '0', '--unixsocket', socketPath, '--save', '', '--dir', folder],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit')
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (/ready to accept connections/i.test(output)) resolve()
    })
    ended.then(() => reject(new Error(`Redis ended before it was ready:\n${output}`)), reject)
  })
  const client = await connectRedis(socketPath)

  return {
    socketPath,
    client,
    commandsDuring: (work) => commandsDuring(client, work),
    dump: () => dump(client),
    async stop() {
      client.destroy()
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Connects to a server by its socket. */
export async function connectRedis(socketPath: string): Promise<RedisClient> {
  const client = createRedisClient(socketPath)
  // Without a listener it would be an uncaught exception; each command fails by itself.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

function createRedisClient(socketPath: string) {
  return createClient({ socket: { path: socketPath, tls: false } })
}

async function commandsDuring(
  client: RedisClient,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const end = `the end of ${Math.random()}`
  const names: string[] = []
  const monitor = client.duplicate()
  monitor.on('error', () => undefined)
  await monitor.connect()
  const seen = new Promise<void>((resolve) => {
    // A line is such as: 1700000000.000000 [0 unix:/…] "SET" "key" "value"; inside of scripts it says lua.
    void monitor.monitor((reply) => {
      const [, source = '', name = ''] = /^\S+ \[\d+ (\S+)\] "([^"]+)"/.exec(reply) ?? []
      if (reply.includes(end)) resolve()
      else if (source !== 'lua') names.push(name.toUpperCase())
    })
  })
  await work()
  // What the server sees before this has been said.
  await client.echo(end)
  await seen
  monitor.destroy()
  return names
}

async function dump(client: RedisClient): Promise<string[]> {
  const texts: string[] = []
  for await (const keys of client.scanIterator({ COUNT: 1000 })) {
    for (const key of keys) {
      texts.push(key, ...(await textsAt(client, key)))
    }
  }
  return texts
}

async function textsAt(client: RedisClient, key: string): Promise<readonly string[]> {
  switch (await client.type(key)) {
    case 'hash':
      return Object.entries(await client.hGetAll(key)).flat()
    case 'zset':
      return client.zRange(key, 0, -1)
    default:
      return [(await client.get(key)) ?? '']
  }
}
