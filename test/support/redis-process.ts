import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePort } from './child-process.js'

/** A Redis server of a test, which can go away and come back with what it was told. */
export interface RedisProcess {
  readonly url: string
  /** Ends it as a power cut does. */
  kill(): Promise<void>
  /** Lets it hang: connections stay open, and nothing is answered. */
  freeze(): void
  /** Lets it go on after {@link freeze}. */
  thaw(): void
  /** Starts it again after {@link kill}, on the same port and with the same data. */
  restart(): Promise<void>
  /** Ends it for good, and removes its data. */
  close(): Promise<void>
}

/** Starts a Redis server on a free port, that writes down each command before it answers. */
export async function startRedisProcess(redisServer: string): Promise<RedisProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'))
  const port = await findFreePort()
  const args = `--port ${port} --bind 127.0.0.1 --dir ${folder} --save`.split(' ')
  const persistence = ['', '--appendonly', 'yes', '--appendfsync', 'always']
  const start = () => startServer(redisServer, [...args, ...persistence])
  let running: ChildProcess | undefined = await start()

  async function kill(): Promise<void> {
    if (running === undefined) return
    const ended = once(running, 'exit')
    running.kill('SIGKILL')
    await ended
    running = undefined
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    freeze: () => void running?.kill('SIGSTOP'),
    thaw: () => void running?.kill('SIGCONT'),
    async restart() {
      running ??= await start()
    },
    async close() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function startServer(redisServer: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(redisServer, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('Ready to accept connections')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`redis-server ended:\n${output}`)))
  })
  return child
}
