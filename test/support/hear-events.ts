import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { DiagnosticEvent } from '../../src/index.js'

/**
 * Calls `listener` with each event of the diagnostics, until the returned function is called.
 *
 * Channels belong to the process, and Jest runs one test file after another in it. What one has left to be done may end in the
 * next: each file has an `Object` of its own, by which the events of others are told apart.
 */
export function hearEvents(listener: (event: DiagnosticEvent) => void): () => void {
  const hear = (message: unknown): void => {
    if (message instanceof Object) listener(message as DiagnosticEvent)
  }
  subscribe('passport-authorization-code', hear)
  return () => void unsubscribe('passport-authorization-code', hear)
}
