import type { SealedNotes } from '../grants/sealed-notes.js'
import { shortDigest } from '../lib/short-digest.js'
import type { ResourceChallenge } from './protected-resource.js'

/** What was planned when a login began, for when it ends. It can be longer than what a pending login has room for. */
export interface Started {
  /** What the person has entered. */
  readonly address: string
  /** What the resource calls itself. */
  readonly name?: string | undefined
  readonly scope: readonly string[]
  readonly challenge: ResourceChallenge
}

/** What people have begun to connect. Who begins with the same several times has one note. */
export interface StartedNotes {
  /** Resolves to what identifies it. @throws {StorageError} */
  readonly write: (account: string, target: string, started: Started) => Promise<string>
  /** `undefined` if it is gone, or cannot be read. @throws {StorageError} if the store fails */
  readonly read: (id: string) => Promise<Started | undefined>
}

/** How long it is known, in **milliseconds**: longer than a login can take. */
const KNOWN_MS = 60 * 60_000

/** Creates {@link StartedNotes}. */
export function createStartedNotes(notes: SealedNotes): StartedNotes {
  return {
    async write(account, target, started) {
      const id = shortDigest(JSON.stringify([account, target, started]))
      const present = await notes.look<Started>(noteName(id))
      // If another login of the same person is faster, it has written the same.
      await notes.write(noteName(id), present?.version, started, KNOWN_MS)
      return id
    },

    async read(id) {
      return (await notes.look<Started>(noteName(id)))?.value
    },
  }
}

function noteName(id: string): string {
  return `started/${id}`
}
