import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Pool } from 'pg'
import type { PoolConfig } from 'pg'
import { findFreePort } from './child-process.js'
import { until } from './until.js'

const run = promisify(execFile)

/** A PostgreSQL server of a test, which can go away and come back with what it was told. */
export interface PostgresProcess {
  /** Such as `postgres://test@127.0.0.1:54321/postgres`. */
  readonly url: string
  /** A pool of connections to it, which is closed with the server. */
  connect(options?: PoolConfig): Pool
  /** Everything in a database, as `pg_dump` writes it; in the one of {@link url} by default. */
  dump(database?: string): Promise<string>
  /** Ends it as a power cut does. */
  kill(): Promise<void>
  /** Starts it again where it was, with the data it had; kills it before if it runs. */
  restart(): Promise<void>
  /** Lets it hang: connections stay open, and nothing is answered. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Ends it, and removes its data. */
  close(): Promise<void>
}

/**
 * Starts a PostgreSQL server on a free port, with an empty database. It goes with the process that started it, however that
 * ends.
 *
 * @param options.isDurable whether it waits until the disk has each commit, as servers do by default. That only matters
 *   when the machine fails, and takes time. @default false
 */
export async function startPostgresProcess(
  postgres: string,
  { isDurable = false }: { readonly isDurable?: boolean } = {},
): Promise<PostgresProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'))
  const user = await unprivilegedUser()
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  // The path may have a link to it, and not to the programs beside it.
  const programs = dirname(await realpath(postgres))
  const program = (name: string): string => join(programs, name)
  const data = join(folder, 'data')
  const options = { ...user, cwd: folder }
  await run(program('initdb'), ['-D', data, '-U', 'test', '-A', 'trust', '-N'], options)

  const port = await findFreePort()
  const url = `postgres://test@127.0.0.1:${port}/postgres`
  const args = ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', folder]
  if (!isDurable) args.push('-F')
  const start = (): Promise<RunningPostgres> => startServer(postgres, args, folder, options)
  let running: RunningPostgres | undefined = await start()
  const pools: Pool[] = []

  async function kill(): Promise<void> {
    if (running === undefined) return
    const ended = once(running.child, 'exit')
    const served = await running.signal('SIGKILL')
    await ended
    // Until the last one is gone, no new server starts on the same data.
    await until(async () => !(await isAnyAlive(served)))
    running.guard.kill('SIGKILL')
    running = undefined
  }

  return {
    url,
    connect(poolOptions = {}) {
      const pool = new Pool({ connectionString: url, ...poolOptions })
      pool.on('error', () => undefined)
      pools.push(pool)
      return pool
    },
    async dump(database = 'postgres') {
      const args = ['--dbname', url.replace(/\w+$/, database)]
      const dumped = await run(program('pg_dump'), args, { maxBuffer: 2 ** 28 })
      return dumped.stdout
    },
    kill,
    async restart() {
      await kill()
      running = await start()
    },
    async pause() {
      await running?.signal('SIGSTOP')
    },
    async resume() {
      await running?.signal('SIGCONT')
    },
    async close() {
      await Promise.all(pools.map((pool) => pool.end()))
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface RunningPostgres {
  readonly child: ChildProcess
  readonly guard: ChildProcess
  /** Sends a signal to the server and to the processes that serve its connections, and says which these are. */
  readonly signal: (signal: NodeJS.Signals) => Promise<readonly number[]>
}

async function startServer(
  postgres: string,
  args: readonly string[],
  folder: string,
  options: { readonly uid?: number; readonly gid?: number; readonly cwd: string },
): Promise<RunningPostgres> {
  const child = spawn(postgres, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000)
      if (output.includes('ready to accept connections')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`postgres ended:\n${output}`)))
  })
  // When this process ends, in whatever way, so does the input of the guard.
  const script = `cat >/dev/null; kill -9 ${child.pid}; rm -rf "$0"`
  const guard = spawn('sh', ['-c', script, folder], { stdio: ['pipe', 'ignore', 'ignore'] })

  async function signal(name: NodeJS.Signals): Promise<readonly number[]> {
    const server = child.pid ?? 0
    // A stopped server starts no others, so that this reaches all of them.
    child.kill('SIGSTOP')
    const served = await childrenOf(server)
    for (const pid of [...served, server]) {
      try {
        process.kill(pid, name)
      } catch {
        // It has ended meanwhile.
      }
    }
    return served
  }
  return { child, guard, signal }
}

/** The processes that `parent` has started. */
async function childrenOf(parent: number): Promise<readonly number[]> {
  return (await listProcesses()).filter((one) => one.parent === parent).map(({ pid }) => pid)
}

async function isAnyAlive(pids: readonly number[]): Promise<boolean> {
  return (await listProcesses()).some(({ pid }) => pids.includes(pid))
}

/** All processes of the machine but those that have ended and are only kept to be asked how. */
async function listProcesses(): Promise<readonly { pid: number; parent: number }[]> {
  const { stdout } = await run('ps', ['-e', '-o', 'pid=,ppid=,stat='])
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state]) => state?.startsWith('Z') === false)
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }))
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package has made. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const idOf = async (flag: string): Promise<number> =>
    Number((await run('id', [flag, 'postgres'])).stdout)
  return { uid: await idOf('-u'), gid: await idOf('-g') }
}
