import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { AppMessage, AppOptions } from './app.js'
import { kill, start } from './children.js'

/** The processes of the application, and what has befallen them. */
export interface Fleet {
  /** Where those for browsers listen, or have listened until they were killed. */
  readonly origins: readonly string[]
  /** Where the one that only does jobs listens; nowhere, if there is none. */
  readonly jobOrigins: readonly string[]
  /** How many places there are, that of the jobs included. */
  readonly size: number
  /** When each process that was killed got its signal, by its name. */
  readonly killedAt: ReadonlyMap<string, number>
  /** When each process that was stopped gracefully had ended, by its name. */
  readonly stoppedAt: ReadonlyMap<string, number>
  /** When the store has acknowledged writes with an access token, by the access token. */
  readonly keptAt: ReadonlyMap<string, readonly number[]>
  /** How often the diagnostics have said what. */
  readonly steps: ReadonlyMap<string, number>
  /** How many refreshes were under way when a process that was stopped gracefully had no time left. */
  readonly unfinished: number
  /** How many have ended by themselves. */
  readonly crashes: number
  /** Kills a process and starts another one in its place. */
  replace(place: number): Promise<void>
  /** Deploys: stops a process gracefully. With several, another one has taken its place before. */
  deploy(place: number): Promise<void>
}

/**
 * Starts the processes of the application for browsers, and one for jobs if there are any; every second one lets commands
 * wait while Redis is away.
 */
export async function startFleet(
  { processes, hasJobs }: { readonly processes: number; readonly hasJobs: boolean },
  options: Omit<AppOptions, 'process' | 'waitsForRedis'>,
): Promise<Fleet> {
  const size = processes + (hasJobs ? 1 : 0)
  const origins: string[] = []
  const jobOrigins: string[] = []
  const places: { readonly name: string; readonly child: ChildProcess }[] = []
  const killedAt = new Map<string, number>()
  const stoppedAt = new Map<string, number>()
  const keptAt = new Map<string, number[]>()
  const steps = new Map<string, number>()
  const stopping = new Set<string>()
  const facts = { killedAt, stoppedAt, keptAt, steps, unfinished: 0, crashes: 0 }
  const fleet = { origins, jobOrigins, size, ...facts }
  let started = 0

  function hear(message: AppMessage): void {
    if ('kept' in message) {
      keptAt.set(message.kept, [...(keptAt.get(message.kept) ?? []), message.at])
    } else if ('step' in message) {
      steps.set(message.step, (steps.get(message.step) ?? 0) + 1)
    } else if ('unfinished' in message) fleet.unfinished += message.unfinished
  }

  async function startAt(place: number): Promise<void> {
    const name = `${place}.${++started}`
    const app: AppOptions = { ...options, process: name, waitsForRedis: place % 2 === 0 }
    const file = fileURLToPath(new URL('app.ts', import.meta.url))
    const child = start(process.execPath, ['--import', 'tsx', file, JSON.stringify(app)], true)
    child.once('exit', () => {
      if (!killedAt.has(name) && !stopping.has(name)) fleet.crashes++
    })
    child.on('message', hear)
    places[place] = { name, child }
    await new Promise<void>((resolve, reject) => {
      child.once('exit', reject)
      child.on('message', (message: AppMessage) => {
        if (!('origin' in message)) return
        if (place < processes) origins[place] = message.origin
        else jobOrigins[place - processes] = message.origin
        resolve()
      })
    })
  }

  async function stop({ name, child }: { name: string; child: ChildProcess }): Promise<void> {
    stopping.add(name)
    await kill(child, 'SIGTERM')
    stoppedAt.set(name, Date.now())
  }

  await Promise.all(Array.from({ length: size }, (_, place) => startAt(place)))
  return Object.assign(fleet, {
    async replace(place: number) {
      const old = places[place]
      if (old === undefined) return
      killedAt.set(old.name, Date.now())
      await kill(old.child)
      await startAt(place)
    },

    async deploy(place: number) {
      const old = places[place]
      if (old === undefined) return
      if (size === 1) await stop(old)
      await startAt(place)
      if (size > 1) await stop(old)
    },
  })
}
