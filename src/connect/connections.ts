import type { ConnectionRequiredReason } from '../errors/connection-errors.js'
import type { SealedNotes } from '../grants/sealed-notes.js'
import type { Clock } from '../lib/clock.js'
import { createSingleFlight } from '../lib/single-flight.js'
import { shortDigest } from '../lib/short-digest.js'
import { NOTE_LIFE_MS } from './note-life.js'
import type { ResourceChallenge } from './protected-resource.js'
import { isWithin } from './resource-address.js'

/** Why the person is waited for. */
export interface Waiting {
  readonly reason: ConnectionRequiredReason
  /** What the resource has said when it refused a request. */
  readonly challenge?: ResourceChallenge | undefined
  /** Since when, in **milliseconds since the epoch**. */
  readonly since: number
}

/** A resource that a person has connected, as it is stored. */
export interface StoredConnection {
  readonly account: string
  /** The address that the person has entered. */
  readonly address: string
  /** The resource's identifier, as its metadata write it. */
  readonly resource: string
  readonly issuer: string
  /** What the resource calls itself. */
  readonly name?: string | undefined
  /** The id of the target: the resource, the server and the client that the grant belongs to. */
  readonly target: string
  /** What the resource has said before it was connected. */
  readonly challenge?: ResourceChallenge | undefined
  /** The scope that the last login has asked for. */
  readonly scope: readonly string[]
  /** When the person connected it, the last time, in **milliseconds since the epoch**. */
  readonly connectedAt: number
  readonly waiting?: Waiting | undefined
}

/** The connections of people, over all processes. */
export interface StoredConnections {
  /**
   * The connection of a person that covers an address; of several, that with the longest path.
   *
   * @param fresh whether to look at the store in any case: a connection that was made a moment ago by another process counts
   * @throws {StorageError}
   */
  readonly find: (
    account: string,
    address: URL,
    fresh?: boolean,
  ) => Promise<StoredConnection | undefined>
  /** All connections of a person, the newest first. @throws {StorageError} */
  readonly list: (account: string) => Promise<readonly StoredConnection[]>
  /** Stores a connection, in the place of an earlier one to the same resource. @throws {StorageError} */
  readonly save: (connection: StoredConnection) => Promise<void>
  /** Notes that the person is waited for, unless they have connected it anew meanwhile. @throws {StorageError} */
  readonly wait: (connection: StoredConnection, waiting: Waiting) => Promise<void>
  /** @throws {StorageError} */
  readonly remove: (connection: StoredConnection) => Promise<void>
}

/** For how long a process knows the connections of a person without looking, in **milliseconds**. */
const KNOWN_MS = 10_000

/** Of how many people. */
const MAXIMUM_KNOWN = 1_000

/** How many ids one look at a list asks for. */
const PAGE = 100

/** How long a connection that was removed leaves a trace, in **milliseconds**. */
const REMOVED_MS = 60_000

/** What is left of a connection that was removed. */
interface Removed {
  readonly removed: true
}

/** Creates {@link StoredConnections}. */
export function createStoredConnections(notes: SealedNotes, clock: Clock): StoredConnections {
  const known = new Map<
    string,
    { readonly at: number; readonly all: readonly StoredConnection[] }
  >()
  const share = createSingleFlight<readonly StoredConnection[]>()

  async function read(id: string, account: string): Promise<StoredConnection | undefined> {
    const note = await notes.read<StoredConnection | Removed>(noteName(id))
    if (note === undefined || 'removed' in note.value) return undefined
    return note.value.account === account ? note.value : undefined
  }

  async function readAll(account: string): Promise<readonly StoredConnection[]> {
    const ids: string[] = []
    for (let after: string | undefined; ;) {
      const page = await notes.linked(listName(account), PAGE, after)
      ids.push(...page)
      after = page.at(-1)
      if (page.length < PAGE) break
    }
    const found = await Promise.all(ids.map((id) => read(id, account)))
    return found
      .filter((one) => one !== undefined)
      .sort((one, other) => other.connectedAt - one.connectedAt)
  }

  async function list(account: string): Promise<readonly StoredConnection[]> {
    const at = clock.monotonic()
    const all = await share(account, () => readAll(account))
    known.delete(account)
    known.set(account, { at, all })
    for (const oldest of known.keys()) {
      if (known.size <= MAXIMUM_KNOWN) break
      known.delete(oldest)
    }
    return all
  }

  async function change(
    { account, resource }: StoredConnection,
    changed: (present: StoredConnection | undefined) => StoredConnection | Removed | undefined,
    ttlMs: number,
  ): Promise<void> {
    const id = idOf(account, resource)
    for (;;) {
      const note = await notes.read<StoredConnection | Removed>(noteName(id))
      const present = note === undefined || 'removed' in note.value ? undefined : note.value
      const next = changed(present)
      if (next === undefined) return
      const version = await notes.write(noteName(id), note?.version, next, ttlMs)
      if (version !== undefined) break
    }
    known.delete(account)
  }

  return {
    list,

    async find(account, address, fresh = false) {
      const present = known.get(account)
      const isKnown = present !== undefined && clock.monotonic() - present.at < KNOWN_MS
      const all = isKnown && !fresh ? present.all : await list(account)
      return all
        .filter(({ resource }) => isWithin(address, new URL(resource)))
        .sort((one, other) => other.resource.length - one.resource.length)[0]
    },

    async save(connection) {
      await change(connection, () => connection, NOTE_LIFE_MS)
      const { account, resource } = connection
      await notes.link(listName(account), idOf(account, resource), NOTE_LIFE_MS)
      known.delete(account)
    },

    async wait(connection, waiting) {
      const isSame = (present: StoredConnection): boolean =>
        present.connectedAt === connection.connectedAt
      await change(
        connection,
        (present) =>
          present !== undefined && isSame(present) ? { ...present, waiting } : undefined,
        NOTE_LIFE_MS,
      )
    },

    async remove(connection) {
      await change(connection, () => ({ removed: true }), REMOVED_MS)
      const { account, resource } = connection
      await notes.unlink(listName(account), [idOf(account, resource)])
      known.delete(account)
    },
  }
}

/** Identifies a person's connection to a resource. */
export function idOf(account: string, resource: string): string {
  return shortDigest(JSON.stringify([account, resource]))
}

function noteName(id: string): string {
  return `connect/connection/${id}`
}

function listName(account: string): string {
  return `connections/${account}`
}
