import { fork } from 'node:child_process'
import { once } from 'node:events'
import { bundle } from './bundle.js'
import { REPOSITORY } from './repository.js'

/** What can happen to a request. The header `x-misfortune` says which it is. */
export const MISFORTUNES = [
  'was answered before',
  'is answered meanwhile',
  'is answered halfway before',
  'lost its socket before',
  'loses its socket meanwhile',
  'has its session destroyed at once',
  'has its session destroyed meanwhile',
  'has its session taken away meanwhile',
  'meets a store that fails',
  'meets a store that fails before it returns',
  'meets a store that throws',
  'meets a store that never answers',
] as const

export type Misfortune =
  | (typeof MISFORTUNES)[number]
  | 'is answered on demand'
  /** And the connection is slow: the end is still under way. */
  | 'is ended on demand'

/** What the process tells. */
export type AppReport = { readonly port: number } | { readonly arrived: string }

/** An application in a process of its own, in which things go wrong. */
export interface UnluckyApp {
  readonly origin: string
  /** Whether it still answers. Its process may have ended a moment before that is known here. */
  isAlive(): Promise<boolean>
  /** Runs `work`; rejects with what the process has printed, if it ends meanwhile. */
  whileAlive<Value>(work: () => Promise<Value>): Promise<Value>
  /** Resolves when the next unlucky request has come. */
  arrival(): Promise<void>
  /** Answers or ends the requests that wait for this. */
  answer(): void
  stop(): Promise<void>
}

/** Starts the application on a free port, as a client of the provider at `provider`. */
export async function startUnluckyApp(provider: string): Promise<UnluckyApp> {
  const child = fork(bundle('test/support/unlucky-app.ts'), {
    cwd: REPOSITORY,
    env: { PATH: process.env['PATH'], PROVIDER: provider },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  // When it has printed everything.
  const ended = once(child, 'close')
  let arrive = (): void => undefined
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message: AppReport) => {
      if ('port' in message) resolve(message.port)
      else arrive()
    })
    ended.then(() => reject(new Error(`It ended before it was ready:\n${output}`)), reject)
  })

  const origin = `http://127.0.0.1:${port}`
  const isAlive = (): Promise<boolean> =>
    fetch(origin).then(
      () => true,
      () => false,
    )
  const death = ended.then(() => {
    throw new Error(`The process has ended:\n${output}`)
  })
  // It may also be stopped.
  death.catch(() => undefined)

  return {
    origin,
    isAlive,
    whileAlive: (work) =>
      Promise.race([
        death,
        work().catch(async (error: unknown) => {
          // Its requests fail first.
          if (!(await isAlive())) await death
          throw error
        }),
      ]),
    arrival: () => new Promise((resolve) => (arrive = resolve)),
    answer: () => void child.send('answer'),
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
