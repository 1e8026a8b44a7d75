import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { startProgram } from './started-program.js'

/** Starts `redis-server` on a free port, with nothing in it. */
export async function startRedis() {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'))
  const port = await freePort()
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const server = await startProgram(['redis-server', ...args], 'Ready to accept connections')
  return {
    url: `redis://127.0.0.1:${port}`,
    async close() {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
