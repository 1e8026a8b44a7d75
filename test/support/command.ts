import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { REPOSITORY } from './repository.js'

/** A command line that is running, with all the processes it has started. */
export interface RunningCommand {
  /** Everything printed so far. */
  readonly output: string
  /** Waits until something is printed that matches, and resolves to the match. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  /** Asks all its processes to end, waits until they have, and resolves to all they printed. */
  stop(): Promise<string>
}

/** Runs a command in the repository, in a process group of its own. `environment` adds to our own. */
export function startCommand(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningCommand {
  const child = spawn(command, args, {
    cwd: REPOSITORY,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  let hasEnded = false
  const watchers = new Set<() => void>()
  const listen = (chunk: Buffer): void => {
    output += chunk.toString()
    for (const look of watchers) look()
  }
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  // All processes of the group share the pipes: these close when the last of them has ended.
  const ended = once(child, 'close').then(() => {
    hasEnded = true
    for (const look of watchers) look()
  })

  return {
    get output() {
      return output
    },
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(output)
          if (match === null && !hasEnded) return
          watchers.delete(look)
          if (match === null) reject(new Error(`It ended without ${String(pattern)}:\n${output}`))
          else resolve(match)
        }
        watchers.add(look)
        look()
      }),
    async stop() {
      if (!hasEnded && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
      await ended
      return output
    },
  }
}
