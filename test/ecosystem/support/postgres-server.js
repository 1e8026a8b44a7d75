import { execFile } from 'node:child_process'
import { chown, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { freePort } from './free-port.js'
import { startProgram } from './started-program.js'

const run = promisify(execFile)

/** Starts PostgreSQL on a free port, with an empty database. */
export async function startPostgres() {
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'))
  const user = await unprivilegedUser()
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  const programs = await postgresPrograms()
  const data = join(folder, 'data')
  const options = { ...user, cwd: folder }
  await run(join(programs, 'initdb'), ['-D', data, '-U', 'test', '-A', 'trust', '-N'], options)
  const port = await freePort()
  const args = ['-D', data, '-F', '-h', '127.0.0.1', '-p', `${port}`, '-k', folder]
  const command = [join(programs, 'postgres'), ...args]
  const server = await startProgram(command, 'ready to accept connections', options)
  return {
    url: `postgres://test@127.0.0.1:${port}/postgres`,
    async close() {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The folder of the programs. Debian keeps them where `PATH` does not look. */
async function postgresPrograms() {
  try {
    const { stdout } = await run('which', ['postgres'])
    return dirname(await realpath(stdout.trim()))
  } catch {
    const [newest] = (await readdir('/usr/lib/postgresql')).sort((a, b) => b - a)
    return `/usr/lib/postgresql/${newest}/bin`
  }
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package has made. */
async function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined
  const idOf = async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)
  return { uid: await idOf('-u'), gid: await idOf('-g') }
}
