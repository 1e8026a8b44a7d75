import { setImmediate } from 'node:timers/promises'

/**
 * Resolves in the next round of the event loop, when what has arrived on connections was handled. Long work calls it
 * between its parts. A promise that is settled already is not enough: Node.js looks at no connection before it.
 */
export async function letOthersRun(): Promise<void> {
  // Twice: what the first round reads may need the second to be complete.
  await setImmediate()
  await setImmediate()
}
