import type { Name } from './apps/index.js'
import type { Operation } from './load.js'
import { ratio } from './ratio.js'
import type { Results } from './results.js'

/** What is to be reached, and what was. */
export interface Target {
  readonly what: string
  readonly target: string
  readonly measured: string
  readonly isReached: boolean
}

/** At most so many times the CPU time of somebody else. */
const CPU: readonly (readonly [Operation, Name, number, Name])[] = [
  ['login', 'session', 1.25, 'bare'],
  ['login', 'library', 1.25, 'bare'],
  ['login', 'session-cookies', 0.95, 'bare'],
  ['login', 'cookies', 0.95, 'bare'],
  ['whole', 'session', 1.26, 'bare'],
  ['whole', 'library', 1.4, 'bare'],
  ['fresh', 'session', 1.1, 'bare'],
  ['fresh', 'sealed', 1.15, 'bare'],
  ['fresh', 'library', 1.1, 'bare'],
  ['refresh', 'session', 1.1, 'passport-oauth2'],
  ['refresh', 'library', 1.3, 'passport-oauth2'],
]

/** At most so many commands of Redis: login, callback, fresh, refresh. */
const COMMANDS: readonly (readonly [Name, readonly [number, number, number, number]])[] = [
  ['session', [1, 3, 2, 4]],
  ['library', [1, 6, 2, 5]],
]

/** At most so many bytes of a session, without the tokens. */
const SESSION_BYTES: readonly (readonly [Name, number])[] = [
  ['session', 100],
  ['library', 60],
]

/** At most so many milliseconds until the import is done. */
const LOADING: readonly (readonly [string, number])[] = [
  ['passport-authorization-code', 60],
  ['passport-authorization-code, and its /redis', 70],
]

/** At most so many MiB in the heap after 1,000 logins. */
const HEAP: readonly (readonly [Name, number])[] = [
  ['session', 14],
  ['library', 14],
]

/** What a run says about each target that it has measured. */
export function targetsOf(results: Results): readonly Target[] {
  return [...cpuTargets(results), ...fixedTargets(results), ...otherTargets(results)]
}

function cpuTargets(results: Results): readonly Target[] {
  const { rounds } = results
  if (rounds === undefined) return []
  const isThere = (name: Name): boolean => rounds[name] !== undefined
  return CPU.filter(([, name, , than]) => isThere(name) && isThere(than)).map(
    ([operation, name, limit, than]) => {
      const { median } = ratio(results, name, operation, 'cpuMicroseconds', than)
      return atMost(`CPU: ${operation}, ${name}`, limit, median, `× ${than}`, 2)
    },
  )
}

function fixedTargets({ checks }: Results): readonly Target[] {
  const commands = COMMANDS.flatMap(([name, limits]) => {
    const found = checks[name]
    if (found === undefined) return []
    const { startCommands, callbackCommands, freshCommands, refreshCommands } = found
    const parts = [startCommands, callbackCommands, freshCommands, refreshCommands]
    return ['login', 'callback', 'fresh', 'refresh'].map((part, place) =>
      atMost(
        `Redis commands: ${part}, ${name}`,
        limits[place] ?? 0,
        parts[place]?.length ?? Infinity,
      ),
    )
  })
  const bytes = SESSION_BYTES.flatMap(([name, limit]) => {
    const { ownBytes } = checks[name] ?? {}
    if (ownBytes === undefined) return []
    return [atMost(`bytes of ours in a session, ${name}`, limit, ownBytes)]
  })
  return [...commands, ...bytes]
}

function otherTargets({ loading, heaps, heapLogins = [] }: Results): readonly Target[] {
  const load = LOADING.map(([name, limit]) =>
    atMost(`load time, ${name}`, limit, loading?.[name]?.elapsedMs ?? NaN, 'ms', 0),
  )
  const at = heapLogins.indexOf(1_000)
  const heap = HEAP.map(([name, limit]) =>
    atMost(
      `heap after 1,000 logins, ${name}`,
      limit,
      (heaps?.[name]?.[at] ?? NaN) / 2 ** 20,
      'MiB',
      1,
    ),
  )
  return [...(loading === undefined ? [] : load), ...(at < 0 ? [] : heap)]
}

function atMost(what: string, limit: number, measured: number, unit = '', digits = 0): Target {
  const inUnit = (value: number): string => `${value.toFixed(digits)} ${unit}`.trim()
  return {
    what,
    target: `≤ ${inUnit(limit)}`,
    measured: inUnit(measured),
    isReached: Number(measured.toFixed(digits)) <= limit,
  }
}
