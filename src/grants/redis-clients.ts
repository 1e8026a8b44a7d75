import { ConfigurationError } from '../errors/setup-errors.js'

/**
 * Redis through any other client. `runCommand` sends one command, such as `['GET', 'key']`, to the **master** that has
 * its key, and resolves to the reply: a string, a number, a list or `null`. It must not repeat a command that may have
 * been executed. It rejects with an `Error` whose message begins with Redis's own, such as `NOSCRIPT No matching script`.
 *
 * @example With the client of Upstash
 * ```ts
 * import type { RedisCommands } from 'passport-authorization-code/redis'
 *
 * // The client of Upstash, created with automaticDeserialization: false
 * declare const redis: { exec(args: string[]): Promise<unknown> }
 *
 * const client: RedisCommands = { runCommand: (args) => redis.exec(args) }
 * ```
 */
export interface RedisCommands {
  runCommand(args: [command: string, ...args: string[]]): Promise<unknown>
}

/** The part of a client of node-redis (4 to 6) that is used: of `createClient`, `createSentinel` or `createCluster`. */
export interface NodeRedisClient {
  readonly isOpen: boolean
  sendCommand(...args: never[]): Promise<unknown>
}

/** The part of a client of ioredis (5 and 6) that is used: of `Redis`, with or without Sentinels, or `Cluster`. */
export interface IoredisClient {
  readonly isCluster: boolean
  readonly status: string
  call(command: string, args: string[]): Promise<unknown>
}

/** What the option `client` takes. */
export type RedisGrantsClient = NodeRedisClient | IoredisClient | RedisCommands

/** One way to send commands, whichever the client. */
export interface RedisConnection {
  /**
   * Sends one command to the master that has `key`.
   *
   * @param signal removes the command from the client's queue, if it was not sent and the client can do that
   */
  readonly send: (
    args: [command: string, ...args: string[]],
    key: string,
    signal: AbortSignal,
  ) => Promise<unknown>
  /**
   * Whether the client would send a command at once; `undefined` if it does not say. One that was closed counts as
   * ready: its commands fail at once.
   */
  readonly isReady: () => boolean | undefined
  /** Whether commands should wait until it is connected, because they could not be taken back from the client's queue. */
  readonly holdsUntilReady: boolean
  /** Whether the client follows the redirections of a Cluster. */
  readonly isCluster: boolean
  /** A connection to each master, for what is to be done on all of them; itself if there is one. */
  readonly masters: () => Promise<readonly RedisConnection[]>
  /** What the client puts before each key by itself. */
  readonly clientPrefix: string
}

/**
 * Recognises a client by what it has, and makes a connection of it. Reads go to masters, so that a read sees every
 * write that was answered.
 *
 * @throws {ConfigurationError} naming the option, if it is another client, in `legacyMode`, or reads from replicas
 */
export function readRedisClient(value: RedisGrantsClient, name: string): RedisConnection {
  const client = Object(value) as Seen
  const connection = ioredis(client, name) ?? nodeRedis(client, name) ?? adapter(client)
  if (connection !== undefined) return connection
  throw new ConfigurationError(
    `${name} must be a client of node-redis (versions 4 to 6) or ioredis (5 and 6), connected to a single server, ` +
      `Sentinel or Cluster. ${ADAPTER_ADVICE}`,
    name,
  )
}

const ADAPTER_ADVICE = `For any other client, pass an adapter that sends one command to the master and resolves to the reply:

  const client = {
    // For example @upstash/redis, created with { automaticDeserialization: false }:
    runCommand: (args) => redis.exec(args),
  }
`

/** The properties by which clients are told apart. Any of them may be missing or something else. */
interface Seen {
  readonly [property: string]: unknown
  readonly options?: unknown
}

interface IoredisOptions {
  readonly scaleReads?: unknown
  readonly sentinels?: unknown
  readonly role?: unknown
  readonly readOnly?: unknown
  readonly keyPrefix?: unknown
}

function ioredis(client: Seen, name: string): RedisConnection | undefined {
  const { call, isCluster, status } = client
  if (typeof call !== 'function' || typeof isCluster !== 'boolean' || typeof status !== 'string') {
    return undefined
  }
  const options = Object(client.options) as IoredisOptions
  if (isCluster && (options.scaleReads ?? 'master') !== 'master') {
    throw readsFromReplicas(name, "scaleReads: 'master'")
  }
  if (!isCluster && options.sentinels && options.role === 'slave') {
    throw readsFromReplicas(name, "role: 'master'")
  }
  if (options.readOnly === true) throw readsFromReplicas(name, 'readOnly: false')

  const known = client as unknown as IoredisClient & { nodes(role: 'master'): Seen[] }
  const connection: RedisConnection = {
    send: ([command, ...args]) => known.call(command, args),
    // 'wait': the first command connects. 'end': commands fail at once.
    isReady: () => ['ready', 'wait', 'end'].includes(known.status),
    holdsUntilReady: true,
    isCluster,
    masters() {
      const nodes = isCluster ? known.nodes('master').map((node) => readNode(node, name)) : []
      return Promise.resolve(isCluster ? nodes : [connection])
    },
    clientPrefix: typeof options.keyPrefix === 'string' ? options.keyPrefix : '',
  }
  return connection
}

interface NodeRedisOptions {
  readonly legacyMode?: unknown
  readonly useReplicas?: unknown
  readonly readonly?: unknown
}

/** How each kind of client of node-redis sends a command. The types differ between its versions. */
interface NodeRedisSends {
  readonly isOpen: boolean
  readonly isReady?: boolean
  readonly masters: readonly unknown[]
  nodeClient(master: unknown): Seen | Promise<Seen>
  sendCommand(args: string[], options: object): Promise<unknown>
  sendCommand(isReadonly: false, args: string[], options: object): Promise<unknown>
  sendCommand(key: string, isReadonly: false, args: string[], options: object): Promise<unknown>
}

function nodeRedis(client: Seen, name: string): RedisConnection | undefined {
  if (typeof client['sendCommand'] !== 'function' || typeof client['isOpen'] !== 'boolean') {
    return undefined
  }
  const isCluster = typeof client['nodeClient'] === 'function'
  const isSentinel = typeof client['getMasterNode'] === 'function'
  refuseNodeRedisOptions(client, name)

  const known = client as unknown as NodeRedisSends
  const connection: RedisConnection = {
    send(args, key, signal) {
      const options = nodeRedisCommandOptions(signal)
      // `false`: not a read that a replica may answer.
      if (isCluster) return known.sendCommand(key, false, args, options)
      if (isSentinel) return known.sendCommand(false, args, options)
      return known.sendCommand(args, options)
    },
    isReady: () => (known.isReady === undefined ? undefined : known.isReady || !known.isOpen),
    // A Sentinel and a Cluster are ready or not as a whole, and may reach the one server that matters.
    holdsUntilReady: !isCluster && !isSentinel,
    isCluster,
    async masters() {
      if (!isCluster) return [connection]
      const nodes = known.masters.map(async (master) => known.nodeClient(master))
      return (await Promise.all(nodes)).map((node) => readNode(node, name))
    },
    // `sendCommand` takes keys as they are.
    clientPrefix: '',
  }
  return connection
}

/** A connection to one node of a Cluster, which has a client of its own. */
function readNode(node: Seen, name: string): RedisConnection {
  return readRedisClient(node as unknown as RedisGrantsClient, name)
}

/** @throws {ConfigurationError} if the client is in `legacyMode` or reads from replicas */
function refuseNodeRedisOptions(client: Seen, name: string): void {
  const shown = client.options ?? client['_options']
  const options = Object(shown) as NodeRedisOptions
  if (options.legacyMode === true) {
    throw new ConfigurationError(
      `${name} is in legacyMode, in which commands do not return promises. Create one without legacyMode, or pass ` +
        '{ runCommand: (args) => client.v4.sendCommand(args) }.',
      name,
    )
  }
  // A Cluster of version 4 hides its options. It lists replicas only if it is to read from them.
  const { replicas } = client
  const listsReplicas = shown === undefined && Array.isArray(replicas) && replicas.length > 0
  if (options.useReplicas === true || listsReplicas) {
    throw readsFromReplicas(name, 'useReplicas: false')
  }
  if (options.readonly === true) throw readsFromReplicas(name, 'readonly: false')
}

/**
 * Version 4 ignores these. Its own `signal` is not used: it breaks the queue of the client if the command was sent.
 */
function nodeRedisCommandOptions(signal: AbortSignal): object {
  // The reply is text, whatever the client is set to. The time limit is ours: the client's own counts the time in
  // which this process was busy.
  return { abortSignal: signal, typeMapping: {}, timeout: undefined }
}

function adapter(client: Seen): RedisConnection | undefined {
  if (typeof client['runCommand'] !== 'function') return undefined
  const known = client as unknown as RedisCommands
  const connection: RedisConnection = {
    send: async (args) => known.runCommand(args),
    isReady: () => undefined,
    holdsUntilReady: false,
    isCluster: false,
    masters: () => Promise.resolve([connection]),
    clientPrefix: '',
  }
  return connection
}

function readsFromReplicas(name: string, instead: string): ConfigurationError {
  return new ConfigurationError(
    `${name} reads from replicas, which lag behind: a refresh token that was used could be read and used again. ` +
      `Create a client with ${instead} for it.`,
    name,
  )
}
