import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import type { RedisClientType } from 'redis'
import { findFreePort } from './child-process.js'
import { until } from './until.js'

/** What a test's Redis is told. */
export interface RedisServerOptions {
  /** Runs it as the only node of a cluster, with all slots. */
  readonly isCluster?: boolean
  /** Runs it as a node of a cluster that has only these slots, and waits for no others. */
  readonly slots?: { readonly start: number; readonly end: number }
  /** Runs it as a Sentinel that watches the server on this port, under the name `grants`. */
  readonly sentinelOf?: number
}

/** A Redis of a test's own, with persistence, on a free port. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  /** Connects a client, which is closed with the server. */
  connect(options?: Parameters<typeof createClient>[0]): Promise<RedisClientType>
  /** Kills it, by default as if its machine had failed; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again where it was, with the data it had. */
  restart(): Promise<void>
  /** Lets it accept and answer nothing. */
  pause(): void
  resume(): void
  /** How often clients and their scripts have run each command while `work` was done. */
  commandsDuring(work: () => Promise<unknown>): Promise<Readonly<Record<string, number>>>
  /** All it holds. */
  dump(): Promise<ReadonlyMap<string, string | Readonly<Record<string, string>>>>
  /** Stops it, closes its clients and removes its data. */
  stop(): Promise<void>
}

/** Starts a Redis and waits until it takes commands. It goes with the process that started it, however that ends. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'redis-'))
  const { port, ...first } = await startOnFreePort(dir, options)
  let running = first
  const clients: RedisClientType[] = []
  const url = `redis://127.0.0.1:${port}`

  async function connect(
    clientOptions: Parameters<typeof createClient>[0] = {},
  ): Promise<RedisClientType> {
    const client = createClient({ url, ...clientOptions }) as RedisClientType
    // The commands fail too, and there somebody looks.
    client.on('error', () => undefined)
    await client.connect()
    clients.push(client)
    return client
  }

  async function ask<Answer>(
    question: (client: RedisClientType) => Promise<Answer>,
  ): Promise<Answer> {
    const client = await connect()
    try {
      return await question(client)
    } finally {
      close(client)
    }
  }

  async function kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (running.child.exitCode !== null || running.child.signalCode !== null) return
    const gone = once(running.child, 'exit')
    // One that is paused would never see another signal.
    running.child.kill('SIGCONT')
    running.child.kill(signal)
    await gone
    running.guard.kill('SIGKILL')
  }

  const { slots } = options
  if (slots) await ask((client) => client.clusterAddSlotsRange({ ...slots }))
  if (options.isCluster) {
    await ask(async (client) => {
      await client.clusterAddSlotsRange({ start: 0, end: 16_383 })
      await until(async () => (await client.clusterInfo()).includes('cluster_state:ok'))
    })
  }

  return {
    port,
    url,
    connect,
    kill,
    async restart() {
      await kill()
      running = await startOn(port, dir, options)
    },
    pause: () => void running.child.kill('SIGSTOP'),
    resume: () => void running.child.kill('SIGCONT'),
    async commandsDuring(work) {
      const before = await ask(commandCounts)
      await work()
      const after = await ask(commandCounts)
      return Object.fromEntries(
        [...after]
          .map(([command, calls]) => [command, calls - (before.get(command) ?? 0)] as const)
          // What asking for the counts has caused.
          .filter(([command, calls]) => calls > 0 && !/^(info|hello|client)\b/.test(command)),
      )
    },
    dump: () => ask(readAll),
    async stop() {
      clients.forEach(close)
      await kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

interface RunningRedis {
  readonly child: ChildProcess
  readonly guard: ChildProcess
}

/** A port that was free a moment ago may be somebody else's by now. */
async function startOnFreePort(
  dir: string,
  options: RedisServerOptions,
): Promise<RunningRedis & { port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort()
    try {
      return { port, ...(await startOn(port, dir, options)) }
    } catch (error) {
      if (attempt === 5) throw error
    }
  }
}

async function startOn(
  port: number,
  dir: string,
  { isCluster, slots, sentinelOf }: RedisServerOptions,
): Promise<RunningRedis> {
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '']
  args.push('--appendonly', 'yes')
  if (isCluster || slots) {
    args.push('--cluster-enabled', 'yes', '--cluster-port', `${await findFreePort()}`)
  }
  if (sentinelOf !== undefined) {
    const file = join(dir, 'sentinel.conf')
    const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`]
    lines.push(`sentinel monitor grants 127.0.0.1 ${sentinelOf} 1`)
    await writeFile(file, lines.join('\n'))
    args.splice(0, args.length, file, '--sentinel')
  }
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  await readiness(child, sentinelOf === undefined ? 'Ready to accept connections' : '+monitor')
  // When this process ends, in whatever way, so does the input of the guard.
  const guard = spawn('sh', ['-c', `cat >/dev/null; kill -9 ${child.pid}; rm -rf "$0"`, dir], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  return { child, guard }
}

function readiness(child: ChildProcess, word: string): Promise<void> {
  let output = ''
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', () => reject(new Error(`redis-server ended before it was ready:\n${output}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000)
      if (output.includes(word)) resolve()
    })
  })
}

function close(client: RedisClientType): void {
  if (client.isOpen) client.destroy()
}

async function commandCounts(client: RedisClientType): Promise<ReadonlyMap<string, number>> {
  const stats = await client.info('commandstats')
  return new Map(
    [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, command = '', calls]) => [
      command,
      Number(calls),
    ]),
  )
}

async function readOne(client: RedisClientType, key: string) {
  switch (await client.type(key)) {
    case 'hash':
      return { ...(await client.hGetAll(key)) }
    case 'zset': {
      const members = await client.zRangeWithScores(key, 0, -1)
      return Object.fromEntries(members.map(({ value, score }) => [value, `${score}`]))
    }
    default:
      return (await client.get(key)) ?? ''
  }
}

async function readAll(client: RedisClientType) {
  const entries = new Map<string, string | Readonly<Record<string, string>>>()
  for (const key of await client.keys('*')) {
    entries.set(key, await readOne(client, key))
  }
  return entries
}
