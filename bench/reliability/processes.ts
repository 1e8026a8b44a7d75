import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findFreePort } from '../../test/support/child-process.js'
import type { AppMessage, AppOptions } from './app.js'

const running = new Set<ChildProcess>()

/** Ends every process that was started here and still runs, without waiting. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

function start(command: string, args: readonly string[], ipc: boolean): ChildProcess {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit', ...(ipc ? (['ipc'] as const) : [])],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

async function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

/** The processes of the application, and what has befallen them. */
export interface Fleet {
  /** Where each one listens, or has listened until it was killed. */
  readonly origins: readonly string[]
  /** When each process that was killed got its signal, by its name. */
  readonly killedAt: ReadonlyMap<string, number>
  /** When an access token was stored. */
  readonly keptAt: ReadonlyMap<string, number>
  /** How many have ended without having been killed. */
  readonly crashes: number
  /** How many were stopped by SIGTERM. */
  readonly deploys: number
  /** Kills a process, or stops it by SIGTERM as a deployment does, and starts another one in its place. */
  replace(place: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

/** Starts `size` processes of the application; every second one lets commands wait while Redis is away. */
export async function startFleet(
  size: number,
  options: Pick<AppOptions, 'redisPort' | 'providerOrigin' | 'tokens'>,
): Promise<Fleet> {
  const origins: string[] = []
  const children: ChildProcess[] = []
  const names: string[] = []
  const killedAt = new Map<string, number>()
  const keptAt = new Map<string, number>()
  const stopped = new Set<string>()
  const fleet = { origins, killedAt, keptAt, crashes: 0, deploys: 0 }
  let started = 0

  async function startAt(place: number): Promise<void> {
    const name = `${place}.${++started}`
    const app: AppOptions = { ...options, process: name, waitsForRedis: place % 2 === 0 }
    const file = fileURLToPath(new URL('app.ts', import.meta.url))
    const child = start(process.execPath, ['--import', 'tsx', file, JSON.stringify(app)], true)
    child.once('exit', () => {
      if (!killedAt.has(name) && !stopped.has(name)) fleet.crashes++
    })
    children[place] = child
    names[place] = name
    await new Promise<void>((resolve) => {
      child.on('message', (message: AppMessage) => {
        if ('kept' in message) {
          keptAt.set(message.kept, Date.now())
        } else {
          origins[place] = message.origin
          resolve()
        }
      })
    })
  }

  await Promise.all(Array.from({ length: size }, (_, place) => startAt(place)))
  return Object.assign(fleet, {
    async replace(place: number, signal: 'SIGKILL' | 'SIGTERM') {
      const child = children[place]
      if (child === undefined) return
      const name = names[place] ?? ''
      if (signal === 'SIGKILL') killedAt.set(name, Date.now())
      else {
        stopped.add(name)
        fleet.deploys++
      }
      await kill(child, signal)
      await startAt(place)
    },
  })
}

/** A Redis that loses nothing it has acknowledged. */
export interface RedisServer {
  readonly port: number
  /** When it was away. */
  readonly outages: readonly Outage[]
  /** Kills it and starts it again `awayMs` later. */
  restart(awayMs: number): Promise<void>
}

/** A time without Redis, from the signal to its first answer, in milliseconds since the epoch. */
export interface Outage {
  readonly from: number
  readonly to: number
}

/** Starts a Redis on a free port that keeps its data in `folder`. */
export async function startRedis(folder: string): Promise<RedisServer> {
  const port = await findFreePort()
  const outages: Outage[] = []
  const args = Object.entries({
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'always',
  }).flatMap(([name, value]) => [`--${name}`, value])

  async function run(): Promise<ChildProcess> {
    const child = start('redis-server', args, false)
    while (!(await answersPing(port))) {
      if (child.exitCode !== null) throw new Error('redis-server does not start.')
      await sleep(20)
    }
    return child
  }

  let child = await run()
  return {
    port,
    outages,
    async restart(awayMs) {
      const from = Date.now()
      await kill(child)
      await sleep(awayMs)
      child = await run()
      outages.push({ from, to: Date.now() })
    },
  }
}

/** Whether Redis takes commands; while it reads its files again it answers `-LOADING`. */
async function answersPing(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write('PING\r\n')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString().startsWith('+PONG')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
