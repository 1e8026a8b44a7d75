import { fork } from 'node:child_process'
import { once } from 'node:events'
import { bundle } from './bundle.js'
import type { GrantState, Renewal, RenewalLimits } from '../../src/options/ledger.js'

/** What a worker is started with. */
export interface WorkerOptions {
  readonly redisURL: string
  readonly tokenURL: string
  readonly commandTimeoutMs: number
  /** By how much its clock is wrong, in **milliseconds**. */
  readonly clockSkewMs: number
}

/** What a worker is told to do. */
export interface Task {
  readonly id: number
  readonly grant: string
  readonly current: GrantState
  readonly limits: RenewalLimits
  /** How many callers there are, all at once. */
  readonly times: number
}

/** What came of one renewal. */
export interface Answer {
  readonly renewal?: Renewal
  readonly failure?: Readonly<Record<string, unknown>>
}

/** A process of its own with a ledger. */
export interface LedgerProcess {
  /** Has so many callers renew, all at once; never resolves if the process dies before. */
  renew(task: Omit<Task, 'id'>): Promise<Answer[]>
  /** Kills it, without a chance to clean up. */
  kill(): Promise<void>
}

let file: string | undefined
const workerFile = (): string => (file ??= bundle('test/support/ledger-worker.ts'))

/** Starts a process with a {@link RedisLedger}; it ends with this process at the latest. */
export async function startLedgerProcess(options: WorkerOptions): Promise<LedgerProcess> {
  const child = fork(workerFile(), [JSON.stringify(options)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  const waiting = new Map<number, (answers: Answer[]) => void>()
  let tasks = 0
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    ended.then(() => reject(new Error('A ledger process ended before it was ready.')), reject)
  })
  child.on('message', ({ id, answers }: { id: number; answers: Answer[] }) =>
    waiting.get(id)?.(answers),
  )
  return {
    renew: (task) =>
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
