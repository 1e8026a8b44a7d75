import { Pool } from 'undici'
import { startRedisServer } from '../test/support/redis-server.js'
import type { RedisServer } from '../test/support/redis-server.js'
import type { AppCommands } from './app.js'
import { CONTESTANTS } from './apps/index.js'
import type { Contestant, Name } from './apps/index.js'
import type { AuthorizationServerCommands, Endpoints } from './authorization-server.js'
import type { LoadCommands } from './load.js'
import { startProcess } from './processes.js'
import type { Remote } from './processes.js'
import { subjectOf, Visitor } from './visitor.js'

/** An application that runs. */
export interface RunningApp {
  readonly name: Name
  readonly contestant: Contestant
  readonly origin: string
  readonly remote: Remote<AppCommands>
  /** A browser with no cookies, of a person who has not been there. */
  visitor(): Visitor
  stop(): Promise<void>
}

/** Everything that runs beside the applications. */
export interface Stage {
  readonly redis: RedisServer
  readonly provider: Remote<AuthorizationServerCommands>
  readonly load: Remote<LoadCommands>
  startApp(name: Name): Promise<RunningApp>
  startApps(names: readonly Name[]): Promise<readonly RunningApp[]>
  stop(): Promise<void>
}

/** Starts a Redis, the authorization server and the load generator. */
export async function setStage(): Promise<Stage> {
  const redis = await startRedisServer('redis-server')
  const provider = startProcess<AuthorizationServerCommands>('authorization-server.ts')
  const load = startProcess<LoadCommands>('load.ts')
  const endpoints = await provider.ask('endpoints', undefined)
  const startApp = (name: Name): Promise<RunningApp> => start(name, redis, endpoints)
  return {
    redis,
    provider,
    load,
    startApp,
    startApps: (names) => Promise.all(names.map(startApp)),
    async stop() {
      await Promise.all([provider.stop(), load.stop()])
      await redis.stop()
    },
  }
}

async function start(name: Name, redis: RedisServer, endpoints: Endpoints): Promise<RunningApp> {
  const args = [name, redis.socketPath, JSON.stringify(endpoints)]
  const remote = startProcess<AppCommands>('app.ts', args, ['--expose-gc'])
  const origin = await remote.ask('origin', undefined)
  const pool = new Pool(origin, { connections: 60 })
  let people = 0
  return {
    name,
    contestant: CONTESTANTS[name],
    origin,
    remote,
    visitor: () => new Visitor(pool, subjectOf(people++)),
    async stop() {
      await pool.destroy()
      await remote.stop()
    },
  }
}
