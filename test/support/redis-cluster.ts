import { startRedis } from './redis.js'
import type { RedisServer } from './redis.js'
import { until } from './until.js'

/** A Redis Cluster of three masters. */
export interface RedisCluster {
  readonly nodes: readonly RedisServer[]
  /** Sends a command to one node. */
  ask(node: RedisServer, ...command: string[]): Promise<unknown>
  /** The node that has the slot of `key`, and another one. */
  nodesFor(key: string): Promise<{ slot: string; owner: RedisServer; other: RedisServer }>
  stop(): Promise<void>
}

const SLOTS = [
  { start: 0, end: 5_460 },
  { start: 5_461, end: 10_922 },
  { start: 10_923, end: 16_383 },
] as const

/** Starts three servers on free ports and makes a Cluster of them. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(SLOTS.map((slots) => startRedis({ slots })))
  const clients = new Map(
    await Promise.all(nodes.map(async (node) => [node, await node.connect()] as const)),
  )
  const ask = async (node: RedisServer, ...command: string[]): Promise<unknown> =>
    clients.get(node)?.sendCommand(command)

  const [first, ...others] = nodes as [RedisServer, ...RedisServer[]]
  for (const [index, node] of nodes.entries()) {
    await ask(node, 'CLUSTER', 'SET-CONFIG-EPOCH', `${index + 1}`)
  }
  for (const node of others) {
    const { 'cluster-port': busPort = '' } =
      (await clients.get(node)?.configGet('cluster-port')) ?? {}
    await ask(first, 'CLUSTER', 'MEET', '127.0.0.1', `${node.port}`, busPort)
  }
  const isComplete = async (node: RedisServer): Promise<boolean> => {
    const info = String(await ask(node, 'CLUSTER', 'INFO'))
    return info.includes('cluster_state:ok') && info.includes('cluster_size:3')
  }
  for (const node of nodes) await until(() => isComplete(node))

  return {
    nodes,
    ask,
    async nodesFor(key) {
      const slot = Number(await ask(first, 'CLUSTER', 'KEYSLOT', key))
      const place = SLOTS.findIndex(({ start, end }) => slot >= start && slot <= end)
      const [owner = first, other = first] = [nodes[place], nodes[(place + 1) % 3]]
      return { slot: `${slot}`, owner, other }
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}
