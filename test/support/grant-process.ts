import { fork } from 'node:child_process'
import { once } from 'node:events'
import { bundle } from './bundle.js'

/** What a worker is started with. */
export interface WorkerOptions {
  /** Where its grants are: the address of a Redis or of a PostgreSQL. */
  readonly storeURL: string
  readonly tokenURL: string
  readonly secret: string
  readonly strategy: string
  /** How long the store may take, in **milliseconds**. */
  readonly storeTimeoutMs: number
  /** By how much its clock is wrong, in **milliseconds**. */
  readonly clockSkewMs: number
}

/** What a worker is told to do. */
export interface Task {
  readonly id: number
  readonly grant: string
  /** The access token that an API has refused. */
  readonly refused: string
  /** How many callers there are, all at once. */
  readonly times: number
}

/** What one caller got. */
export interface Answer {
  readonly accessToken?: string
  readonly failure?: Readonly<Record<string, unknown>>
}

/** A process of its own with grants in a store that it shares. */
export interface GrantProcess {
  /** Has so many callers ask for a token, all at once; never resolves if the process dies before. */
  ask(task: Omit<Task, 'id'>): Promise<Answer[]>
  /** Kills it, without a chance to clean up. */
  kill(): Promise<void>
}

let file: string | undefined
const workerFile = (): string => (file ??= bundle('test/support/grant-worker.ts'))

/** Starts a process with grants in a store; it ends with this process at the latest. */
export async function startGrantProcess(options: WorkerOptions): Promise<GrantProcess> {
  const child = fork(workerFile(), [JSON.stringify(options)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  const waiting = new Map<number, (answers: Answer[]) => void>()
  let tasks = 0
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    ended.then(() => reject(new Error('A process ended before it was ready.')), reject)
  })
  child.on('message', ({ id, answers }: { id: number; answers: Answer[] }) =>
    waiting.get(id)?.(answers),
  )
  return {
    ask: (task) =>
      new Promise((resolve) => {
        const id = tasks++
        waiting.set(id, resolve)
        child.send({ id, ...task })
      }),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
