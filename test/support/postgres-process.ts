import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { findFreePort } from './child-process.js'

/** A PostgreSQL server of a test. */
export interface PostgresProcess {
  /** Such as `postgres://test@127.0.0.1:54321/postgres`. */
  readonly url: string
  /** Ends it, and removes its data. */
  close(): Promise<void>
}

/** Starts a PostgreSQL server on a free port, with an empty database. */
export async function startPostgresProcess(postgres: string): Promise<PostgresProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'))
  const user = await unprivilegedUser()
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  const initdb = join(dirname(postgres), 'initdb')
  const data = join(folder, 'data')
  const options = { ...user, cwd: folder }
  await promisify(execFile)(initdb, ['-D', data, '-U', 'test', '-A', 'trust', '-N'], options)

  const port = await findFreePort()
  const listening = ['-h', '127.0.0.1', '-p', String(port), '-k', folder]
  const child = spawn(postgres, ['-D', data, '-F', ...listening], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('ready to accept connections')) resolve()
    })
    ended.then(() => reject(new Error(`postgres ended:\n${output}`)), reject)
  })
  return {
    url: `postgres://test@127.0.0.1:${port}/postgres`,
    async close() {
      child.kill('SIGINT')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package has made. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const idOf = async (flag: string): Promise<number> =>
    Number((await promisify(execFile)('id', [flag, 'postgres'])).stdout)
  return { uid: await idOf('-u'), gid: await idOf('-g') }
}
