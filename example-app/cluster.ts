import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import type { AuthorizationServer, Tenants } from './authorization-server.js'
import { readEnvironment, readWorkerCount } from './environment.js'
import type { ExampleAppOptions } from './options.js'
import { describeApp, printError, printStartFailure, printTokenRequest } from './print.js'
import { startStandIns } from './providers.js'
import { flowURL, randomSecret, startExampleApp } from './server.js'
import { openStorage } from './storage.js'

/** How long to wait before a worker that could not start is replaced, in milliseconds. */
const RESTART_DELAY_MS = 1_000

/**
 * What a worker tells the primary, in this order: that it listens for its options, at which address it
 * serves the app, for the stand-ins to know it, and that it has started.
 */
type WorkerMessage = 'waiting' | { readonly appURL: string } | 'ready'

/** Starts the stand-ins for the app at this address; later calls get those that run. */
type StartStandIns = (appURL: string) => Promise<AuthorizationServer | undefined>

try {
  await (cluster.isPrimary ? lead() : work())
} catch (error) {
  printStartFailure(error)
  // Otherwise the connection to the primary would keep a worker that does nothing.
  if (cluster.isWorker) process.disconnect()
}

/** The primary process: has the stand-ins and the options, answers nobody, and replaces workers that die. */
async function lead(): Promise<void> {
  const options = readEnvironment(process.env)
  const count = readWorkerCount(process.env)
  if (options.redisURL === undefined) {
    throw new Error(
      'several processes need one place for their sessions: set REDIS_URL, such as redis://localhost:6379',
    )
  }
  // What is wrong with it is said once here instead of once by every worker.
  const storage = await openStorage(options, randomSecret(), printError)
  await storage.close()
  // The workers have the port, and the stand-ins have to know it: so they come once the first one listens.
  let started: ReturnType<StartStandIns> | undefined
  const start: StartStandIns = (appURL) =>
    (started ??= startStandIns(
      { ...options, authorizationServer: { onTokenRequest: printTokenRequest } },
      appURL,
    ))

  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())
  stopping.signal.addEventListener('abort', () => {
    void started?.then((standIns) => standIns?.close())
  })
  try {
    await employ(count, options, start, stopping.signal, (url) =>
      console.log(describeApp({ url, flowURL: flowURL(url, options) }, options, count)),
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
  start: StartStandIns,
  stop: AbortSignal,
  onReady: (url: string) => void,
): Promise<void> {
  const ready = new Set<Worker>()
  let isReady = false
  let url = ''

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
      if (message !== 'ready') {
        url = message.appURL
        start(url).then((standIns) => {
          if (worker.isConnected()) worker.send({ tenants: standIns?.tenants })
        }, reject)
        return
      }
      ready.add(worker)
      console.log(`  worker ${worker.id}: ready as process ${worker.process.pid}`)
      if (isReady || ready.size < count) return
      isReady = true
      onReady(url)
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
  const options = await ask<ExampleAppOptions>('waiting')
  const findStandIns = async (appURL: string): Promise<Tenants | undefined> =>
    (await ask<{ readonly tenants?: Tenants }>({ appURL })).tenants
  const app = await startExampleApp({ ...options, findStandIns, onError: printError })
  process.once('SIGTERM', () => void app.close().then(() => process.disconnect()))
  tell('ready')
}

/** Tells the primary something, and resolves to what it says to that. */
async function ask<Answer>(message: WorkerMessage): Promise<Answer> {
  const received = once(process, 'message') as Promise<[Answer]>
  tell(message)
  const [answer] = await received
  return answer
}

function tell(message: WorkerMessage): void {
  process.send?.(message)
}
