import type { SealedNotes } from '../grants/sealed-notes.js'
import { shortDigest } from '../lib/short-digest.js'
import type { ResourceChallenge } from './protected-resource.js'

/** What resources have said that refused a request of a person who has not connected them. */
export interface WantedNotes {
  /** @throws {StorageError} */
  readonly read: (account: string, address: string) => Promise<ResourceChallenge | undefined>
  /** @throws {StorageError} */
  readonly write: (account: string, address: string, wanted: ResourceChallenge) => Promise<void>
}

/** How long it is known, in **milliseconds**: until the person has found the time to connect. */
const KNOWN_MS = 24 * 60 * 60_000

/** Of how many addresses of one person. */
const MAXIMUM_PER_ACCOUNT = 100

/** Creates {@link WantedNotes}. */
export function createWantedNotes(notes: SealedNotes): WantedNotes {
  const idOf = (account: string, address: string): string =>
    shortDigest(JSON.stringify([account, address]))
  return {
    async read(account, address) {
      return (await notes.look<ResourceChallenge>(noteName(idOf(account, address))))?.value
    },

    async write(account, address, wanted) {
      const id = idOf(account, address)
      const name = noteName(id)
      const present = await notes.look<ResourceChallenge>(name)
      if (JSON.stringify(present?.value) === JSON.stringify(wanted)) return
      const list = `wanted-by/${account}`
      const others = await notes.linked(list, MAXIMUM_PER_ACCOUNT)
      // Without the note, the resource is asked again when the person connects it.
      if (others.length >= MAXIMUM_PER_ACCOUNT && !others.includes(id)) return
      await notes.link(list, id, KNOWN_MS)
      // If another request is faster, what it has written is as new.
      await notes.write(name, present?.version, wanted, KNOWN_MS)
    },
  }
}

function noteName(id: string): string {
  return `wanted/${id}`
}
