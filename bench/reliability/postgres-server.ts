import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgresProcess } from '../../test/support/postgres-process.js'
import { PostgresGrants } from '../../src/postgres.js'
import { findPostgres } from '../postgres-program.js'
import type { DisturbedStore, Stretch } from './disturbed-store.js'

/** A PostgreSQL that is killed and started again. It loses nothing that it has acknowledged. */
export interface PostgresServer extends DisturbedStore {
  readonly url: string
  restart(awayMs: number): Promise<void>
}

/** Starts the server, with the tables of the grants. It ends with this process. */
export async function startPostgresServer(): Promise<PostgresServer> {
  const outages: Stretch[] = []
  const server = await startPostgresProcess(findPostgres())
  await new PostgresGrants({
    pool: server.connect({ max: 1 }),
    secret: 'only the tables'.padEnd(32),
  }).setUp()
  return {
    name: 'PostgreSQL',
    url: server.url,
    outages,
    losses: [],

    async restart(awayMs) {
      const from = Date.now()
      await server.kill()
      await sleep(awayMs)
      await server.restart()
      outages.push({ from, to: Date.now() })
    },
  }
}
