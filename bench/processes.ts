import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What a process can be asked for: functions by their names, whose arguments and results are JSON. */
export type Commands = Readonly<Record<string, (argument: never) => unknown>>

interface Question {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}

interface Reply {
  readonly id: number
  readonly value?: unknown
  readonly failure?: string
}

/** Lets whoever has started this process ask for `commands`. The process ends when that one is gone. */
export function serve(commands: Commands): void {
  process.once('disconnect', () => process.exit())
  process.on('message', ({ id, name, argument }: Question) => {
    const work = commands[name] as (argument: unknown) => unknown
    Promise.resolve(argument)
      .then(work)
      .then(
        (value): Reply => ({ id, value }),
        (error: unknown): Reply => ({ id, failure: String((error as Error).stack ?? error) }),
      )
      .then((reply) => process.send?.(reply))
      .catch(() => process.exit(1))
  })
}

/** A process of the bench. */
export interface Remote<Offered extends Commands> {
  /** @throws {Error} when the command fails there, or the process has ended */
  ask<Name extends keyof Offered & string>(
    name: Name,
    argument: Parameters<Offered[Name]>[0],
  ): Promise<Awaited<ReturnType<Offered[Name]>>>
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()

/** Ends every process that was started here and still runs, without waiting. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** Starts a file of this folder in a process of its own, which serves commands. */
export function startProcess<Offered extends Commands>(
  file: string,
  args: readonly string[] = [],
  execArgv: readonly string[] = [],
): Remote<Offered> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    execArgv: ['--import', 'tsx', ...execArgv],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const waiting = new Map<number, (reply: Reply) => void>()
  let asked = 0
  running.add(child)
  child.on('message', (reply: Reply) => {
    waiting.get(reply.id)?.(reply)
    waiting.delete(reply.id)
  })
  child.once('exit', () => {
    running.delete(child)
    for (const [id, settle] of waiting) settle({ id, failure: `${file} has ended.` })
  })
  return {
    async ask(name, argument) {
      const id = ++asked
      const { value, failure } = await new Promise<Reply>((resolve) => {
        waiting.set(id, resolve)
        child.send({ id, name, argument } satisfies Question)
      })
      if (failure !== undefined) throw new Error(`${file}, ${name}: ${failure}`)
      return value as never
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}
