import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { readEnvironment, readWorkerCount } from './environment.js'
import { describeApp, printError, printStartFailure, printTokenRequest } from './print.js'
import { startStandIns } from './providers.js'
import {
  listenOnFirstFree,
  randomSecret,
  startExampleApp,
  type ExampleAppOptions,
} from './server.js'
import { openStorage } from './storage.js'

/** How long to wait before a worker that could not start is replaced, in milliseconds. */
const RESTART_DELAY_MS = 1_000

/** What a worker tells the primary: that it listens for its options, and then that it has started. */
type WorkerMessage = 'waiting' | 'ready'

try {
  await (cluster.isPrimary ? lead() : work())
} catch (error) {
  printStartFailure(error)
  // Otherwise the connection to the primary would keep a worker that does nothing.
  if (cluster.isWorker) process.disconnect()
}

/** The primary process: has the stand-ins and the secrets, answers nobody, and replaces workers that die. */
async function lead(): Promise<void> {
  const options = readEnvironment(process.env)
  const count = readWorkerCount(process.env)
  if (options.redisURL === undefined) {
    throw new Error(
      'several processes need one place for their sessions: set REDIS_URL, such as redis://localhost:6379',
    )
  }
  // What is wrong with it is said once here instead of once by every worker.
  const storage = await openStorage(options.redisURL, printError)
  storage.close()
  const port = await findPort(options.ports)
  const url = new URL(options.publicURL ?? `http://localhost:${port}`).origin
  const authorizationServer = { onTokenRequest: printTokenRequest }
  const standIns = await startStandIns({ ...options, authorizationServer }, url)
  const { sessionSecret = randomSecret() } = options
  const shared = { ...options, ports: [port], sessionSecret, standIns: standIns?.tenants }

  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())
  stopping.signal.addEventListener('abort', () => void standIns?.close())
  try {
    await employ(count, shared, stopping.signal, () =>
      console.log(describeApp(url, options, count)),
    )
  } finally {
    stopping.abort()
  }
}

/**
 * Keeps `count` workers running until told to stop.
 *
 * @throws {Error} when a worker ends before all of them could start
 */
function employ(
  count: number,
  options: ExampleAppOptions,
  stop: AbortSignal,
  onReady: () => void,
): Promise<void> {
  const ready = new Set<Worker>()
  let isReady = false

  return new Promise((resolve, reject) => {
    const hire = (): void => {
      if (!stop.aborted) cluster.fork()
    }
    const resolveWhenAlone = (): void => {
      if (workersLeft().length === 0) resolve()
    }
    stop.addEventListener('abort', () => {
      for (const worker of workersLeft()) worker.process.kill('SIGTERM')
      resolveWhenAlone()
    })

    cluster.on('message', (worker, message: WorkerMessage) => {
      if (message === 'waiting') {
        worker.send(options)
        return
      }
      ready.add(worker)
      console.log(`  worker ${worker.id}: ready as process ${worker.process.pid}`)
      if (isReady || ready.size < count) return
      isReady = true
      onReady()
    })
    cluster.on('exit', (worker, code, signal: string | null) => {
      if (stop.aborted) {
        resolveWhenAlone()
      } else if (isReady) {
        console.log(`  worker ${worker.id}: ended (${signal ?? code}), and is replaced`)
        // One that dies at its start, as without Redis, would otherwise be replaced at full speed.
        setTimeout(hire, ready.delete(worker) ? 0 : RESTART_DELAY_MS)
      } else {
        reject(new Error('a worker ended before it was ready'))
      }
    })
    for (let number = 0; number < count; number++) hire()
  })
}

function workersLeft(): readonly Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
}

/** A worker process: the whole app, with what the primary shares. */
async function work(): Promise<void> {
  // Ctrl+C reaches every process; the primary decides what follows from it.
  process.on('SIGINT', () => undefined)
  const received = once(process, 'message') as Promise<[ExampleAppOptions]>
  tell('waiting')
  const [options] = await received
  const app = await startExampleApp({ ...options, onError: printError })
  process.once('SIGTERM', () => void app.close().then(() => process.disconnect()))
  tell('ready')
}

function tell(message: WorkerMessage): void {
  process.send?.(message)
}

/** The workers share one port, and the stand-ins have to know it before there are any. */
async function findPort(ports: readonly number[] | undefined): Promise<number> {
  const probe = createServer()
  await listenOnFirstFree(probe, ports)
  const { port } = probe.address() as AddressInfo
  await promisify(probe.close.bind(probe))()
  return port
}
