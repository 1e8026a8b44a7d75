import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'

/** A Node.js program that has said that it is ready. */
export interface RunningProgram {
  stop(): Promise<void>
}

/**
 * Runs a JavaScript file in a Node.js of its own, in the folder of the file, and waits until it prints `ready`. It sees no
 * environment but `environment` and `PATH`.
 *
 * @throws {Error} with all it printed, when it ends before that
 */
export async function startProgram(
  file: string,
  environment: Readonly<Record<string, string>>,
  ready: string,
): Promise<RunningProgram> {
  const child = spawn(process.execPath, [file], {
    cwd: dirname(file),
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  let output = ''
  await new Promise<void>((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes(ready)) resolve()
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    ended.then(() => reject(new Error(`It ended before it was ready:\n${output}`)), reject)
  })
  return {
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** A port that was free a moment ago, for a program that has to be told its port. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  server.listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Whether a program of this machine accepts connections at that port. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
