import type * as Undici from 'undici'
import { once } from '../lib/once.js'

/**
 * undici, which sends the requests. It is loaded with the first of them, because that takes longer than to load the whole
 * package: nobody who only starts an application waits for it.
 *
 * Not 'undici': in place of that, Bun gives a module of its own, in which agents do nothing.
 */
export const loadUndici = once((): Promise<typeof Undici> => import('undici/index.js'))

/** How long it may take to connect, in **milliseconds**, if the time limit of requests is not shorter. */
const CONNECT_TIMEOUT_MS = 10_000

/** undici's own time limits are off: those of the transport give answers that have arrived a chance first. */
const OPTIONS = { headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_TIMEOUT_MS } }

/** The agents of the process for requests to providers, by how many connections each opens to one origin. */
const providerAgents = new Map<number, Promise<Undici.Agent>>()

/** The agent of the process for requests to providers. */
export function providerAgent(connections: number): Promise<Undici.Dispatcher> {
  const known = providerAgents.get(connections)
  if (known !== undefined) return known
  // Twice as many, because a connection whose answer is still listened to after a minute does not count any more.
  const agent = createAgent({ connections: 2 * connections, pipelining: 1 })
  providerAgents.set(connections, agent)
  return agent
}

/** The agent of the process for the application's own requests. */
export const applicationAgent: () => Promise<Undici.Dispatcher> = once(() => createAgent({}))

async function createAgent(options: Undici.Agent.Options): Promise<Undici.Agent> {
  const { Agent } = await loadUndici()
  return new Agent({ ...OPTIONS, ...options })
}
