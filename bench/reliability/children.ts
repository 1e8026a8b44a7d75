import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

const running = new Set<ChildProcess>()

/** Ends every process that was started here and still runs, without waiting. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

/**
 * Starts a program. What it prints is dropped, except for errors.
 *
 * @param ipc whether it can send messages
 */
export function start(command: string, args: readonly string[], ipc = false): ChildProcess {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit', ...(ipc ? (['ipc'] as const) : [])],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Ends a program with a signal; resolves when it has ended. */
export async function kill(
  child: ChildProcess,
  signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL',
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

/** A program that keeps one processor busy, so that everybody else is late. */
export function startNeighbour(): ChildProcess {
  // It ends with whoever has started it.
  const work = `process.once('disconnect', () => process.exit())
    const spin = () => { const until = Date.now() + 200; while (Date.now() < until); setImmediate(spin) }
    spin()`
  return start(process.execPath, ['-e', work], true)
}
