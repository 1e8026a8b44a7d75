import type { SessionEnds } from '../../src/options/session-ends.js'

/** What several processes would share: which sessions have ended. It forgets none. */
export function createSessionEnds(): SessionEnds {
  const ended = new Set<string>()
  return {
    endSession: (id) => Promise.resolve(void ended.add(id)),
    isSessionEnded: (id) => Promise.resolve(ended.has(id)),
  }
}
