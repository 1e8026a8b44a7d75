import { MemoryStore } from 'express-session'
import type { SessionData } from 'express-session'

/** A write that reached the store. */
export interface StoreWrite {
  readonly method: 'set' | 'destroy'
  readonly id: string
}

/** A session store that remembers its writes, and lets a test delay or break them. */
export class RecordingStore extends MemoryStore {
  /** Every write so far, oldest first. Reading and touching are none. */
  readonly writes: StoreWrite[] = []

  /** Runs before each `set`; what it rejects with is the store's failure. */
  beforeSet: () => Promise<void> = () => Promise.resolve()

  override set(id: string, session: SessionData, callback?: (error?: unknown) => void): void {
    this.writes.push({ method: 'set', id })
    this.beforeSet().then(
      () => super.set(id, session, callback),
      (error: unknown) => callback?.(error),
    )
  }

  override destroy(id: string, callback?: (error?: unknown) => void): void {
    this.writes.push({ method: 'destroy', id })
    super.destroy(id, callback)
  }

  /** What the store holds: sessions by id, as they were written. */
  contents(): Promise<Readonly<Record<string, Readonly<Record<string, unknown>>>>> {
    return new Promise((resolve) => {
      // A store in memory cannot fail.
      this.all((_error, sessions) => resolve((sessions ?? {}) as Record<string, never>))
    })
  }

  /** Empties the store, as a restart would, and forgets the writes. */
  forgetAll(): void {
    this.clear()
    this.writes.length = 0
  }
}
