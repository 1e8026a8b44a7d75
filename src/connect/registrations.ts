import { NotConnectableError } from '../errors/connection-errors.js'
import type { NotConnectableReason } from '../errors/connection-errors.js'
import type { SealedNotes } from '../grants/sealed-notes.js'
import { wait } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import { randomId } from '../lib/random-id.js'
import { shortDigest } from '../lib/short-digest.js'
import { createSingleFlight } from '../lib/single-flight.js'
import type { TrustedServer } from './authorization-server.js'
import type { DynamicClient } from './client-registration.js'
import { NOTE_LIFE_MS } from '../grants/note-life.js'
import { createRemember } from './remember.js'

/** This application's registrations at authorization servers: one at each, over all processes. */
export interface Registrations {
  /**
   * The client at a server: the one that is registered, or a new one if there is none, its secret has expired, or the server has
   * forgotten it.
   *
   * @param account who wants it: one person can cause so many registrations a day
   * @throws what {@link registerClient} throws, in each process that waits for it
   * @throws {NotConnectableError} if the person has caused too many
   * @throws {StorageError} if the store fails
   */
  readonly clientAt: (server: TrustedServer, account: string) => Promise<DynamicClient>
  /** Keeps a client for as long as connections live: somebody has connected something with it. @throws {StorageError} */
  readonly keep: (issuer: string, clientID: string) => Promise<void>
  /** Notes that a server has forgotten a client, so that the next login registers again. @throws {StorageError} */
  readonly forget: (issuer: string, clientID: string) => Promise<void>
}

/** What {@link createRegistrations} needs. */
export interface RegistrationsParts {
  readonly notes: SealedNotes
  readonly clock: Clock
  readonly register: (server: TrustedServer) => Promise<DynamicClient>
  /** The callback that is registered at a server: with another one, this application is another client. */
  readonly redirectUriOf: (issuer: string) => string
  /** Asks a server whether it has forgotten a client. */
  readonly isForgotten: (server: TrustedServer, client: DynamicClient) => Promise<boolean>
}

type Registration =
  | { readonly state: 'under_way'; readonly by: string }
  | { readonly state: 'registered'; readonly client: DynamicClient; readonly isKept?: true }
  | { readonly state: 'failed'; readonly reason: NotConnectableReason; readonly message: string }
  | { readonly state: 'forgotten' }

/** How many registrations one person can cause, and in what time, in **milliseconds**. */
const MAXIMUM_PER_PERSON = 20
const PERSON_MS = 24 * 60 * 60_000

/** How many may fail. */
const MAXIMUM_IN_VAIN = 100

/** How long a client is known that nobody has connected anything with, in **milliseconds**. */
const UNUSED_MS = 24 * 60 * 60_000

/** How long one process may take to register, before another one tries, in **milliseconds**. */
const UNDER_WAY_MS = 20_000

/** How often it is looked whether another process has registered, in **milliseconds**. */
const LOOK_MS = 100

/** For how long a refusal counts for the processes that have waited for it, in **milliseconds**. */
const FAILED_MS = 5_000

/** A secret that expires sooner is not used for another login, in **milliseconds**. */
const REMAINING_MS = 10 * 60_000

/** For how long a server that knows a client is not asked again, in **milliseconds**, and for how many clients. */
const CONFIRMED_MS = 60_000
const MAXIMUM_CONFIRMED = 200

/** Creates {@link Registrations}. */
export function createRegistrations(parts: RegistrationsParts): Registrations {
  const { notes, clock, register, redirectUriOf, isForgotten } = parts
  const share = createSingleFlight<DynamicClient>()
  const rememberForgotten = createRemember<boolean>(clock, CONFIRMED_MS, MAXIMUM_CONFIRMED)
  const noteName = (issuer: string): string =>
    `registration/${shortDigest(JSON.stringify([issuer, redirectUriOf(issuer)]))}`

  /** Registers, if no other process does. `undefined` if one does. */
  async function registerAlone(
    name: string,
    was: string | undefined,
    server: TrustedServer,
    account: string,
  ): Promise<DynamicClient | undefined> {
    await checkCount(account)
    const own: Registration = { state: 'under_way', by: randomId() }
    const mark = await notes.write(name, was, own, UNDER_WAY_MS)
    if (mark === undefined) return undefined
    const counted = randomId()
    try {
      await notes.link(countedBy(account), counted, PERSON_MS)
      const client = await register(server)
      const done: Registration = { state: 'registered', client }
      const version = await notes.write(name, mark, done, UNUSED_MS)
      // Another process has taken this one for dead, and has registered too: its client counts.
      if (version === undefined) return undefined
      await rememberForgotten(version, () => Promise.resolve(false))
      return client
    } catch (error) {
      await notes.write(name, mark, failureOf(error), FAILED_MS)
      // A server that fails is not the person's fault. But each try is a request to somebody's server.
      await notes.link(triedBy(account), counted, PERSON_MS)
      await notes.unlink(countedBy(account), [counted])
      throw error
    }
  }

  /** Each counts, also at the same server: its registrations may expire at once. */
  async function checkCount(account: string): Promise<void> {
    const others = await notes.linked(countedBy(account), MAXIMUM_PER_PERSON)
    const inVain = await notes.linked(triedBy(account), MAXIMUM_IN_VAIN)
    if (others.length < MAXIMUM_PER_PERSON && inVain.length < MAXIMUM_IN_VAIN) return
    throw new NotConnectableError(
      'too_many',
      'You have connected too many new servers today. Go on tomorrow.',
    )
  }

  async function clientAt(server: TrustedServer, account: string): Promise<DynamicClient> {
    const name = noteName(server.issuer)
    /** The mark of another process, and since when it is known here. */
    let seen: { readonly version: string; readonly since: number } | undefined
    /** The version that was there at first: a failure that is older than this request says nothing. */
    let first: string | undefined
    for (;;) {
      const note = await notes.look<Registration>(name)
      first ??= note?.version ?? ''
      const registration = note?.value
      if (registration?.state === 'registered' && isUsable(registration.client, clock)) {
        const { client } = registration
        const isGone = await rememberForgotten(note?.version ?? '', () =>
          isForgotten(server, client),
        )
        if (!isGone) return client
      }
      if (registration?.state === 'failed' && note?.version !== first) {
        throw new NotConnectableError(registration.reason, registration.message)
      }
      if (registration?.state === 'under_way' && note !== undefined) {
        if (seen?.version !== note.version) {
          seen = { version: note.version, since: clock.monotonic() }
        }
        if (clock.monotonic() - seen.since < UNDER_WAY_MS) {
          await wait(clock, LOOK_MS)
          continue
        }
      }
      const client = await registerAlone(name, note?.version, server, account)
      if (client !== undefined) return client
    }
  }

  return {
    // For each person: the limit of one must not refuse another.
    clientAt: (server, account) =>
      share(JSON.stringify([server.issuer, account]), () => clientAt(server, account)),

    async keep(issuer, clientID) {
      const name = noteName(issuer)
      const { value, version } = (await notes.look<Registration>(name)) ?? {}
      if (value?.state !== 'registered' || value.isKept || value.client.clientID !== clientID)
        return
      // Whoever has written it meanwhile knows more.
      const kept = await notes.write(name, version, { ...value, isKept: true }, NOTE_LIFE_MS)
      // The server has just given tokens to the client.
      if (kept !== undefined) await rememberForgotten(kept, () => Promise.resolve(false))
    },

    async forget(issuer, clientID) {
      const name = noteName(issuer)
      const note = await notes.look<Registration>(name)
      const isIt = note?.value?.state === 'registered' && note.value.client.clientID === clientID
      const forgotten: Registration = { state: 'forgotten' }
      if (isIt) await notes.write(name, note.version, forgotten, FAILED_MS)
    },
  }
}

function countedBy(account: string): string {
  return `registered-by/${account}`
}

function triedBy(account: string): string {
  return `tried-by/${account}`
}

function isUsable({ expiresAt = Infinity }: DynamicClient, clock: Clock): boolean {
  return clock.now() + REMAINING_MS < expiresAt
}

/** What other processes are told of a failure. What may not happen to them is no failure: they register at once. */
function failureOf(error: unknown): Registration {
  if (!(error instanceof NotConnectableError)) return { state: 'forgotten' }
  const { reason, message } = error
  return { state: 'failed', reason, message }
}
