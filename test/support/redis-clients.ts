import * as ioredis5 from 'ioredis'
import * as ioredis6 from 'ioredis6'
import * as redis6 from 'redis'
import * as redis4 from 'redis4'
import * as redis5 from 'redis5'
import type {
  IoredisClient,
  NodeRedisClient,
  RedisGrantsClient,
} from '../../src/grants/redis-clients.js'

/** A client that a test has connected. */
export interface ConnectedClient {
  readonly client: RedisGrantsClient
  close(): unknown
}

/** Connects to what listens on the port. */
export type ConnectClient = (port: number) => Promise<ConnectedClient>

/** A client of node-redis, of any kind and version, as far as connecting and closing it. */
interface NodeRedis extends NodeRedisClient {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
}

const ignore = (): undefined => undefined

async function connected<Client extends NodeRedis>(
  client: Client,
  close: (client: Client) => unknown,
): Promise<ConnectedClient> {
  // Without a listener, it would be an uncaught exception. Each command fails by itself.
  client.on('error', ignore)
  await client.connect()
  return { client, close: () => close(client) }
}

/** A client of ioredis, of any kind and version, as far as connecting and closing it. */
interface Ioredis extends IoredisClient {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<void>
  disconnect(): void
}

async function connectedIoredis(client: Ioredis): Promise<ConnectedClient> {
  client.on('error', ignore)
  await client.connect()
  return { client, close: () => client.disconnect() }
}

const urlOf = (port: number): string => `redis://127.0.0.1:${port}`
const host = '127.0.0.1'
/** The name that the Sentinels of these tests have for their master. */
const name = 'grants'

/** Clients of a single server. */
export const SINGLE_CLIENTS: Readonly<Record<string, ConnectClient>> = {
  'node-redis 4': (port) =>
    connected(redis4.createClient({ url: urlOf(port) }), (client) => client.disconnect()),
  'node-redis 5': (port) =>
    connected(redis5.createClient({ url: urlOf(port) }), (client) => client.destroy()),
  'node-redis 6': (port) =>
    connected(redis6.createClient({ url: urlOf(port) }), (client) => client.destroy()),
  'ioredis 5': (port) => connectedIoredis(new ioredis5.Redis({ port, host, lazyConnect: true })),
  'ioredis 6': (port) => connectedIoredis(new ioredis6.Redis({ port, host, lazyConnect: true })),
}

/** Clients that find their server through a Sentinel. */
export const SENTINEL_CLIENTS: Readonly<Record<string, ConnectClient>> = {
  'node-redis 5': (port) =>
    connected(redis5.createSentinel({ name, sentinelRootNodes: [{ host, port }] }), (client) =>
      client.destroy(),
    ),
  'node-redis 6': (port) =>
    connected(redis6.createSentinel({ name, sentinelRootNodes: [{ host, port }] }), (client) =>
      client.destroy(),
    ),
  'ioredis 5': (port) =>
    connectedIoredis(new ioredis5.Redis({ name, sentinels: [{ host, port }], lazyConnect: true })),
  'ioredis 6': (port) =>
    connectedIoredis(new ioredis6.Redis({ name, sentinels: [{ host, port }], lazyConnect: true })),
}

/** Clients of a Cluster. */
export const CLUSTER_CLIENTS: Readonly<Record<string, ConnectClient>> = {
  'node-redis 4': (port) =>
    connected(redis4.createCluster({ rootNodes: [{ url: urlOf(port) }] }), (client) =>
      client.disconnect(),
    ),
  'node-redis 5': (port) =>
    connected(redis5.createCluster({ rootNodes: [{ url: urlOf(port) }] }), (client) =>
      client.destroy(),
    ),
  'node-redis 6': (port) =>
    connected(redis6.createCluster({ rootNodes: [{ url: urlOf(port) }] }), (client) =>
      client.destroy(),
    ),
  'ioredis 5': (port) =>
    connectedIoredis(new ioredis5.Cluster([{ host, port }], { lazyConnect: true })),
  'ioredis 6': (port) =>
    connectedIoredis(new ioredis6.Cluster([{ host, port }], { lazyConnect: true })),
}
