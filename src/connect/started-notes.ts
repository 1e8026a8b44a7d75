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

/** What people have begun to connect. There is one note for each person and target: of two logins at once, the later one counts. */
export interface StartedNotes {
  /** @throws {StorageError} */
  readonly write: (account: string, target: string, started: Started) => Promise<void>
  /** `undefined` if it is gone, or cannot be read. @throws {StorageError} if the store fails */
  readonly read: (account: string, target: string) => Promise<Started | undefined>
}

/** How long it is known, in **milliseconds**: longer than a login can take. */
const KNOWN_MS = 60 * 60_000

/** Creates {@link StartedNotes}. */
export function createStartedNotes(notes: SealedNotes): StartedNotes {
  const nameOf = (account: string, target: string): string =>
    `started/${shortDigest(JSON.stringify([account, target]))}`
  return {
    async write(account, target, started) {
      const name = nameOf(account, target)
      const present = await notes.look<Started>(name)
      // If another login of the same person is faster, what it has written is as good.
      await notes.write(name, present?.version, started, KNOWN_MS)
    },

    async read(account, target) {
      return (await notes.look<Started>(nameOf(account, target)))?.value
    },
  }
}
