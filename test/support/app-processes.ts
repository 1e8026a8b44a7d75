import { fork } from 'node:child_process'
import { once } from 'node:events'
import { bundle } from './bundle.js'
import { REPOSITORY } from './repository.js'

/** A process of an application that has several. */
export interface AppProcess {
  readonly origin: string
  stop(): Promise<void>
}

/** What the processes of an application have in common. */
export interface AppProcessOptions {
  /** The socket of the Redis server that has sessions and grants. */
  readonly redisSocket: string
  /** The origin of the provider. */
  readonly provider: string
  /** Called when a request has come that wants a token. */
  readonly onArrival: () => void
}

let file: string | undefined
const appFile = (): string => (file ??= bundle('test/support/app-process.ts'))

/** Starts a process of the application on a free port. */
export async function startAppProcess(options: AppProcessOptions): Promise<AppProcess> {
  const child = fork(appFile(), {
    cwd: REPOSITORY,
    execArgv: [],
    env: {
      PATH: process.env['PATH'],
      REDIS_SOCKET: options.redisSocket,
      PROVIDER: options.provider,
    },
  })
  const ended = once(child, 'exit')
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message: { port?: number }) => {
      if (message.port === undefined) options.onArrival()
      else resolve(message.port)
    })
    ended.then(() => reject(new Error('The process ended before it was ready')), reject)
  })
  return {
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
