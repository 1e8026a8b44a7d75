import type { Ledger } from '../types.js'

/** The ledger of a single process: everything is in memory, and gone when the process ends. */
export class MemoryLedger implements Ledger {
  readonly #claims = new Map<string, number>()

  claim(id: string, ttlMs: number): Promise<boolean> {
    const now = Date.now()
    this.#forgetClaims(now)
    if (this.#claims.has(id)) return Promise.resolve(false)
    this.#claims.set(id, now + ttlMs)
    return Promise.resolve(true)
  }

  /** Claims of one lifetime end in the order they were made, so the first that has not ended is the last to look at. */
  #forgetClaims(now: number): void {
    for (const [id, endsAt] of this.#claims) {
      if (endsAt > now) return
      this.#claims.delete(id)
    }
  }
}
