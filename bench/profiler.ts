/** What the CPU time of this process goes to. */
import { Session } from 'node:inspector/promises'
import type { Profiler } from 'node:inspector'

/** Samples are this far apart, in microseconds. */
const INTERVAL = 200

const session = new Session()

export async function startProfile(): Promise<void> {
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL })
  await session.post('Profiler.start')
}

/** Ends the profile; resolves to the microseconds that went to each owner of code, waiting aside. */
export async function endProfile(): Promise<Record<string, number>> {
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  const { nodes, samples = [], timeDeltas = [] } = profile
  const owners = new Map(nodes.map(({ id, callFrame }) => [id, ownerOf(callFrame)]))
  const shares: Record<string, number> = {}
  for (const [index, id] of samples.entries()) {
    const owner = owners.get(id)
    if (owner !== undefined) shares[owner] = (shares[owner] ?? 0) + (timeDeltas[index] ?? 0)
  }
  return shares
}

/** Waiting, inside of JavaScript and outside; and what the profiler does when it is told to start and to end. */
const NOBODYS: ReadonlySet<string> = new Set(['(idle)', '(program)', 'dispatch'])

/** Whose code it is: a package's, Node's own, the collector's, or the application's. */
function ownerOf({ url, functionName }: Profiler.ProfileNode['callFrame']): string | undefined {
  if (url === '' && NOBODYS.has(functionName)) return undefined
  if (functionName === '(garbage collector)') return 'garbage collection'
  if (url === '' || url.startsWith('node:')) return 'Node.js'
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  if (name !== undefined) return name
  return url.includes('/dist/') ? 'passport-authorization-code' : 'the application'
}
