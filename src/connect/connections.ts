import type { ConnectionRequiredReason } from '../errors/connection-errors.js'
import type { Note, SealedNotes } from '../grants/sealed-notes.js'
import type { Clock } from '../lib/clock.js'
import { forEachDespiteFailures } from '../lib/for-each-despite-failures.js'
import { setNewest } from '../lib/set-newest.js'
import { createSingleFlight } from '../lib/single-flight.js'
import { shortDigest } from '../lib/short-digest.js'
import { NOTE_LIFE_MS } from '../grants/note-life.js'
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
  /** When this was last written, in **milliseconds since the epoch**. Left out by earlier versions. */
  readonly writtenAt?: number | undefined
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
  /** All connections of a person that can be read, the newest first. @throws {StorageError} if the store fails */
  readonly list: (account: string) => Promise<readonly StoredConnection[]>
  /** Stores a connection, in the place of an earlier one to the same resource. @throws {StorageError} */
  readonly save: (connection: StoredConnection) => Promise<void>
  /** Notes that the person is waited for, unless they have connected it anew meanwhile. @throws {StorageError} */
  readonly wait: (connection: StoredConnection, waiting: Waiting) => Promise<void>
  /**
   * Notes that a token of the connection is taken: the person is not waited for any more, and the connection lives on. Resolves to
   * whether it was written again for that.
   *
   * @throws {StorageError}
   */
  readonly works: (connection: StoredConnection) => Promise<boolean>
  /** @throws {StorageError} */
  readonly remove: (connection: StoredConnection) => Promise<void>
  /** Removes all of a person, also those that cannot be read. @throws {StorageError} after all that can be removed */
  readonly removeAll: (account: string) => Promise<void>
}

/** For how long a process knows the connections of a person without looking, in **milliseconds**. */
const KNOWN_MS = 10_000

/** Of how many people. */
const MAXIMUM_KNOWN = 1_000

/** How many connections are removed at once. */
const REMOVED_AT_ONCE = 8

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
    const present = connectionIn(await notes.look<StoredConnection | Removed>(noteName(id)))
    return present?.account === account ? present : undefined
  }

  async function readAll(account: string): Promise<readonly StoredConnection[]> {
    const ids: string[] = []
    for await (const id of notes.each(listName(account))) ids.push(id)
    const found = await Promise.all(ids.map((id) => read(id, account)))
    return found
      .filter((one) => one !== undefined)
      .sort((one, other) => other.connectedAt - one.connectedAt)
  }

  async function list(account: string): Promise<readonly StoredConnection[]> {
    const at = clock.monotonic()
    const all = await share(account, () => readAll(account))
    setNewest(known, account, { at, all }, MAXIMUM_KNOWN)
    return all
  }

  async function change(
    id: string,
    account: string,
    changed: (present: StoredConnection | undefined) => StoredConnection | Removed | undefined,
    ttlMs: number,
  ): Promise<void> {
    for (;;) {
      const note = await notes.look<StoredConnection | Removed>(noteName(id))
      const next = changed(connectionIn(note))
      if (next === undefined) return
      const written = 'removed' in next ? next : { ...next, writtenAt: clock.now() }
      const version = await notes.write(noteName(id), note?.version, written, ttlMs)
      if (version !== undefined) break
    }
    known.delete(account)
  }

  /** Does so only if the connection that is stored now is meant. */
  async function setWaiting(
    { account, resource }: StoredConnection,
    waiting: Waiting | undefined,
    isMeant: (present: StoredConnection) => boolean,
  ): Promise<void> {
    await change(
      idOf(account, resource),
      account,
      (present) =>
        present !== undefined && isMeant(present) ? { ...present, waiting } : undefined,
      NOTE_LIFE_MS,
    )
  }

  async function removeId(id: string, account: string): Promise<void> {
    await change(id, account, () => ({ removed: true }), REMOVED_MS)
    await notes.unlink(listName(account), [id])
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
      const { account, resource } = connection
      const id = idOf(account, resource)
      await change(id, account, () => connection, NOTE_LIFE_MS)
      await notes.link(listName(account), id, NOTE_LIFE_MS)
      known.delete(account)
    },

    wait: (connection, waiting) =>
      setWaiting(connection, waiting, ({ connectedAt }) => connectedAt === connection.connectedAt),

    async works(connection) {
      const { waiting: seen, account, resource, writtenAt = connection.connectedAt } = connection
      // What it wants in addition, it wants all the same.
      if (seen !== undefined && seen.reason !== 'insufficient_scope') {
        await setWaiting(connection, undefined, ({ waiting }) => waiting?.since === seen.since)
      }
      if (clock.now() - writtenAt < NOTE_LIFE_MS / 2) return false
      const id = idOf(account, resource)
      await change(id, account, (present) => present, NOTE_LIFE_MS)
      await notes.link(listName(account), id, NOTE_LIFE_MS)
      return true
    },

    remove: ({ account, resource }) => removeId(idOf(account, resource), account),

    removeAll: (account) =>
      forEachDespiteFailures(notes.each(listName(account)), REMOVED_AT_ONCE, (id) =>
        removeId(id, account),
      ),
  }
}

/** Identifies a person's connection to a resource. */
function idOf(account: string, resource: string): string {
  return shortDigest(JSON.stringify([account, resource]))
}

/** What was removed, and what cannot be read, is no connection: it can be replaced. */
function connectionIn(
  note: Note<StoredConnection | Removed | undefined> | undefined,
): StoredConnection | undefined {
  const { value } = note ?? {}
  return value === undefined || 'removed' in value ? undefined : value
}

function noteName(id: string): string {
  return `connection/${id}`
}

function listName(account: string): string {
  return `connections/${account}`
}
