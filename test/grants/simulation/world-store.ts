import type { GrantRecord } from '../../../src/grants/grant-record.js'
import { grantKey } from '../../../src/grants/record-keys.js'
import type { GrantStore, StoredRecord } from '../../../src/options/grant-store.js'
import type { Random } from './random.js'
import type { Timeline } from './timeline.js'
import type { VirtualProcess } from './virtual-clock.js'

/** A write that the store has done. */
export interface AppliedWrite {
  /** The grant's id. */
  readonly id: string
  readonly process: VirtualProcess
  readonly askedAt: number
  readonly at: number
  readonly record: GrantRecord
  readonly before: GrantRecord | undefined
  readonly version: string
  /** When the process was told, or has read it. `undefined`: never. */
  ackedAt?: number
  /** When a failover lost it. */
  lostAt?: number
}

/** How calls of a process end: `refused` at once, or `lost` without an answer. */
export type Failing = 'refused' | 'lost'

/** How likely each fault of a single call is. */
export interface Noise {
  readonly refused: number
  readonly lost: number
  /** Done, and the answer is lost. */
  readonly unanswered: number
  /** No answer, and done up to a minute later. */
  readonly late: number
  /** Answered after seconds. */
  readonly slow: number
}

export const NO_NOISE: Noise = { refused: 0, lost: 0, unanswered: 0, late: 0, slow: 0 }

/**
 * How often calls of one process fail without an outage or a partition, at the most: in the time of a lease, or until one of
 * its writes gets through. With more, no process could keep its mark.
 */
export const MAXIMUM_NOISE = 4

const LEASE_MS = 10_000

/** The store that the processes of a world share. */
export interface WorldStore {
  readonly storeOf: (process: VirtualProcess) => GrantStore
  readonly present: (id: string) => GrantRecord | undefined
  readonly writes: readonly AppliedWrite[]
  /** Faults of single calls from now on. */
  noise: Noise
  /** The only process that they meet, if they do not meet all. */
  victim: VirtualProcess | undefined
  /** Cuts a process off; without `process`, the store fails for all. `undefined`: it works again. */
  readonly cut: (failing: Failing | undefined, process?: VirtualProcess) => void
  /** Loses the writes of the last `ms` **milliseconds**, and interrupts all calls. */
  readonly failOver: (ms: number) => void
}

/** What {@link createWorldStore} needs. */
export interface WorldStoreParts {
  readonly timeline: Timeline
  readonly random: Random
  readonly decode: (value: string, id: string) => GrantRecord
  readonly onApplied: (write: AppliedWrite) => void
  readonly onFailOver: (lost: readonly AppliedWrite[]) => void
  /** Called when a process has read a record. */
  readonly onRead: (process: VirtualProcess, record: GrantRecord) => void
  /** Called when a process gets an answer, or notices that a failover or an outage has interrupted its call. */
  readonly onAnswer: (process: VirtualProcess, isInterrupted: boolean) => void
}

interface Entry {
  readonly stored: StoredRecord | undefined
  readonly record: GrantRecord | undefined
}

const NOTHING: Entry = { stored: undefined, record: undefined }

function grantOf(key: string): string {
  return key.replace(/^grant\//, '')
}

/** Creates a {@link WorldStore}. */
export function createWorldStore(parts: WorldStoreParts): WorldStore {
  const { timeline, random, decode, onApplied, onFailOver, onRead, onAnswer } = parts
  const entries = new Map<string, Entry>()
  const writes: AppliedWrite[] = []
  const byVersion = new Map<string, AppliedWrite>()
  const undo: { write: AppliedWrite; before: Entry }[] = []
  const cutOff = new Map<VirtualProcess, Failing>()
  /** When calls of a process have failed since its last write that got through. */
  const failures = new Map<VirtualProcess, number[]>()
  let down: Failing | undefined
  /** Calls that began before a failover get no answer. */
  let era = 0

  function cas(
    process: VirtualProcess,
    askedAt: number,
    id: string,
    was: string | undefined,
    stored: StoredRecord,
  ): AppliedWrite | undefined {
    const before = entries.get(id) ?? NOTHING
    if (before.stored?.version !== was) return undefined
    const record = decode(stored.value, id)
    const at = timeline.time()
    const write: AppliedWrite = {
      id: grantOf(id),
      process,
      askedAt,
      at,
      record,
      before: before.record,
      version: stored.version,
    }
    entries.set(id, { stored, record })
    writes.push(write)
    byVersion.set(stored.version, write)
    undo.push({ write, before })
    onApplied(write)
    return write
  }

  function latencyMs(): number {
    return random.chance(0.05) ? random.between(10, 300) : random.between(0.2, 8)
  }

  function noiseOf(process: VirtualProcess): keyof Noise | undefined {
    const { noise, victim } = store
    if (victim !== undefined && victim !== process) return undefined
    const now = timeline.time()
    const failed = (failures.get(process) ?? []).filter((at) => at > now - LEASE_MS)
    let drawn = random.next()
    for (const kind of ['slow', 'refused', 'lost', 'unanswered', 'late'] as const) {
      drawn -= noise[kind]
      if (drawn >= 0) continue
      if (failed.length >= MAXIMUM_NOISE) break
      failures.set(process, [...failed, now])
      return kind
    }
    return undefined
  }

  /** One call: the way there, the work, and the way back, each of which can fail. */
  function call<Value>(
    { process, isWrite }: { readonly process: VirtualProcess; readonly isWrite: boolean },
    work: () => Value,
    onAnswered: (value: Value) => void,
  ): Promise<Value> {
    const begun = era
    return new Promise((resolve, reject) => {
      const fail = (ms: number, isInterrupted = false): void => {
        timeline.after(ms, () => {
          process.deliver(() => {
            if (isInterrupted) onAnswer(process, true)
            reject(new Error('connection lost'))
          })
        })
      }
      const stopped = (): boolean => {
        if (begun !== era) {
          if (random.chance(0.7)) fail(random.between(0, 50), true)
          return true
        }
        const failing = down ?? cutOff.get(process)
        if (failing === 'refused') fail(random.between(0.2, 20), true)
        return failing !== undefined
      }
      if (stopped()) return
      const kind = noiseOf(process)
      if (kind === 'refused') {
        fail(random.between(0.2, 20))
        return
      }
      if (kind === 'lost') return
      if (kind === 'late') {
        timeline.after(
          random.chance(0.5) ? random.between(100, 6_000) : random.between(5_000, 60_000),
          work,
        )
        return
      }
      timeline.after(latencyMs(), () => {
        if (stopped()) return
        const value = work()
        if (kind === 'unanswered') return
        // One that was refused has changed nothing, and a look has to follow.
        if (isWrite && value === true) failures.delete(process)
        timeline.after(kind === 'slow' ? random.between(300, 7_000) : latencyMs(), () => {
          if (stopped()) return
          process.deliver(() => {
            onAnswer(process, false)
            onAnswered(value)
            resolve(value)
          })
        })
      })
    })
  }

  const store: WorldStore = {
    writes,
    noise: NO_NOISE,
    victim: undefined,
    present: (id) => entries.get(grantKey(id))?.record,

    storeOf: (process) => ({
      get(id) {
        return call(
          { process, isWrite: false },
          () => entries.get(id)?.stored,
          (found) => {
            const write = byVersion.get(found?.version ?? '')
            if (write === undefined) return
            if (write.process === process) write.ackedAt ??= timeline.time()
            onRead(process, write.record)
          },
        )
      },
      async compareAndSet(id, was, record) {
        const asked = timeline.time()
        const write = await call(
          { process, isWrite: true },
          () => cas(process, asked, id, was, record),
          (done) => {
            if (done !== undefined) done.ackedAt = timeline.time()
          },
        )
        return write !== undefined
      },
      link: () => Promise.resolve(),
      linked: () => Promise.resolve([]),
      unlink: () => Promise.resolve(),
    }),

    cut(failing, process) {
      if (process === undefined) down = failing
      else if (failing === undefined) cutOff.delete(process)
      else cutOff.set(process, failing)
    },

    failOver(ms) {
      era += 1
      const since = timeline.time() - ms
      const lost: AppliedWrite[] = []
      for (
        let last = undo.at(-1);
        last !== undefined && last.write.at > since;
        last = undo.at(-1)
      ) {
        undo.pop()
        entries.set(grantKey(last.write.id), last.before)
        last.write.lostAt = timeline.time()
        lost.push(last.write)
      }
      onFailOver(lost)
    },
  }
  return store
}
