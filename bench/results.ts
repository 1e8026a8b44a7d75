import type { Name } from './apps/index.js'
import type { Checks } from './checks.js'
import type { Loading } from './loading.js'
import type { BySessions, Rounds } from './measure.js'

/** Everything one run has found out. */
export interface Results {
  readonly date: string
  readonly node: string
  readonly cpus: string
  /** The machine's load average when it began: what else was going on. */
  readonly load: number
  readonly seconds: number
  /** The packages that are compared, and their versions. */
  readonly versions: Readonly<Record<string, string>>
  readonly checks: Readonly<Partial<Record<Name, Checks>>>
  readonly rounds?: Rounds
  readonly loading?: Readonly<Record<string, Loading>>
  /** Bytes, in the order of `heapLogins`. */
  readonly heaps?: Readonly<Record<string, readonly number[]>>
  readonly heapLogins?: readonly number[]
  readonly liveSessions?: Readonly<Record<string, BySessions>>
}
