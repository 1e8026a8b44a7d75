import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'

/**
 * Starts a program, and resolves when it has printed what says that it is ready.
 *
 * @param command the program and its arguments
 * @param ready a part of that line
 * @param env added to the environment
 */
export async function startProgram([program, ...args], ready, { env = {}, ...options } = {}) {
  const child = spawn(program, args, {
    ...options,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let output = ''
  await new Promise((resolve, reject) => {
    const read = (chunk) => {
      output += chunk.toString()
      if (output.includes(ready)) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`${program} ended:\n${output}`)))
  })
  return {
    pid: child.pid,
    /** Resolves when it has ended. */
    ended: exited,
    /** Everything that it has printed. */
    output: () => output,
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    async close() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
