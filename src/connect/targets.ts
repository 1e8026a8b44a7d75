import { generateKeyPairSync } from 'node:crypto'
import type { JsonWebKey } from 'node:crypto'
import { NotConnectableError } from '../errors/connection-errors.js'
import type { SealedNotes, SeenNote } from '../grants/sealed-notes.js'
import type { StrategiesOfGrants } from '../grants/strategy-jobs.js'
import type { Clock } from '../lib/clock.js'
import { forEachDespiteFailures } from '../lib/for-each-despite-failures.js'
import { shortDigest } from '../lib/short-digest.js'
import { noteStrategyOfRequest } from '../passport/strategies-of-session.js'
import { createKeptStrategies } from '../passport/tenant-keeping.js'
import { ConnectedStrategy } from './connected-strategy.js'
import type { AccountOn } from './connected-strategy.js'
import { NOTE_LIFE_MS } from '../grants/note-life.js'
import { optionsOfTarget, strategyPrefix } from './target-options.js'
import type { Target, TargetOptionsParts } from './target-options.js'

/** A target that is connected now. */
export type NewTarget = Pick<Target, 'resource' | 'issuer' | 'authorizationURL' | 'client'> & {
  readonly dpop: boolean
}

/** All that people connect, and the strategies for it. */
export interface Targets {
  /**
   * Remembers a target that a person begins to connect, and that they may have a grant of it, for all processes and some hours.
   * Resolves to its id.
   *
   * @throws {NotConnectableError} if the person has begun with too many today
   * @throws {StorageError}
   */
  readonly start: (account: string, target: NewTarget) => Promise<string>
  /** Remembers them for as long as connections live: the person has connected it. @throws {StorageError} */
  readonly keep: (account: string, id: string) => Promise<void>
  /** Ends all that a person has granted. Resolves to how many grants have ended. @throws {StorageError} after all that can be ended: call it again */
  readonly endAll: (account: string) => Promise<number>
  /**
   * `undefined` also if the target was damaged: it counts as absent.
   *
   * @throws {StorageError} if the store fails, or the target was sealed with a secret that this process lacks
   */
  readonly read: (id: string) => Promise<Target | undefined>
  /** The strategy of a target; `undefined` if there is no such target. @throws {StorageError} */
  readonly strategyOf: (id: string) => Promise<ConnectedStrategy | undefined>
  /** The same for a job, which reports what it could not do. @throws {StorageError} also if the target cannot be opened */
  readonly strategyForJob: (id: string) => Promise<ConnectedStrategy | undefined>
  /**
   * The ids of all targets that anybody has connected, whose strategies are not there at the moment. Iterating throws a
   * {@link StorageError} if the store fails.
   */
  readonly others: () => AsyncIterable<string>
  /** Lets the next use of a target read the metadata of its server anew, unless that was done a moment ago. */
  readonly readAnew: (id: string) => void
  readonly idle: (timeoutMs: number) => Promise<number>
}

/** What {@link createTargets} needs. */
export interface TargetsParts extends TargetOptionsParts {
  readonly notes: SealedNotes
  readonly clock: Clock
  readonly strategies: Pick<StrategiesOfGrants, 'present'>
  readonly accountOn: AccountOn
}

/** The targets that people have connected. */
const LIST = 'targets'

/** How long a target is known that somebody has begun to connect, in **milliseconds**. */
const STARTED_MS = 6 * 60 * 60_000

/** How many more than there may be one person can begin to connect, and in what time, in **milliseconds**. */
const FURTHER_STARTS = 50
const COUNTED_MS = 24 * 60 * 60_000

/** How long metadata are used at least that a server has just been asked for, in **milliseconds**. */
const READ_ANEW_MS = 60_000

/** How many targets a job works on at once: a server that does not answer holds up no other. */
export const TARGETS_AT_ONCE = 16

/** How many secrets may have sealed targets that a process cannot open, such as those of deploys that went back and forth. */
const MAXIMUM_SECRETS = 5

/** How long a strategy is kept that nobody uses, in **milliseconds**, and how many are kept. */
const IDLE_MS = 10 * 60_000
const MAXIMUM_STRATEGIES = 500

/** Creates {@link Targets}. */
export function createTargets(parts: TargetsParts): Targets {
  const { notes, clock } = parts
  const kept = createKeptStrategies<ConnectedStrategy>({
    async make(id, present) {
      if (present !== undefined) return present
      const target = await read(id)
      if (target === undefined) return undefined
      const strategy = new ConnectedStrategy(
        await optionsOfTarget(id, target, parts),
        parts.accountOn,
      )
      noteStrategyOfRequest(strategy)
      return { strategy, madeOf: id }
    },
    // What a target is made of never changes.
    checkAfterMs: Infinity,
    idleMs: IDLE_MS,
    maximum: MAXIMUM_STRATEGIES,
    onCheckFailed: undefined,
    clock,
    shareCallbackURL: true,
  })

  async function read(id: string): Promise<Target | undefined> {
    const note = await lookAt(id)
    const target = note?.value
    if (target?.isKept === true && clock.now() - target.writtenAt > NOTE_LIFE_MS / 2) {
      await write(id, note?.version, target)
    }
    return target
  }

  /**
   * What is stored of a target. One that was damaged counts as absent, and can be replaced.
   *
   * @throws {StorageError} if another process has sealed it with a secret that this one lacks: everybody there uses it
   */
  async function lookAt(id: string): Promise<SeenNote<Target> | undefined> {
    const note = await notes.look<Target>(noteName(id))
    if (note?.isForeign === true) await notes.read(noteName(id))
    return note
  }

  /** Resolves to whether no other process has written it meanwhile. */
  async function write(
    id: string,
    was: string | undefined,
    target: Omit<Target, 'writtenAt'>,
  ): Promise<boolean> {
    const lifeMs = target.isKept ? NOTE_LIFE_MS : STARTED_MS
    const written: Target = { ...target, writtenAt: clock.now() }
    if (target.isKept) await notes.link(LIST, id, NOTE_LIFE_MS)
    return (await notes.write(noteName(id), was, written, lifeMs)) !== undefined
  }

  /** Changes what is stored of a target, whatever others do meanwhile, unless `changed` gives nothing. */
  async function change(
    id: string,
    changed: (present: Target | undefined) => Omit<Target, 'writtenAt'> | undefined,
  ): Promise<void> {
    for (;;) {
      const note = await lookAt(id)
      const next = changed(note?.value)
      if (next === undefined || (await write(id, note?.version, next))) return
    }
  }

  /**
   * The id of a target: another one if this process cannot open the first, because it was sealed with a secret that this process
   * lacks. Whoever has connected that goes on with it, in the processes that can.
   */
  async function openId(first: string): Promise<string> {
    for (let number = 1; number <= MAXIMUM_SECRETS; number++) {
      const id = number === 1 ? first : `${first}.${number}`
      const note = await notes.look(noteName(id))
      if (note?.isForeign !== true) return id
    }
    return first
  }

  /** @throws {NotConnectableError} if the person has begun with too many */
  async function count(account: string, id: string): Promise<void> {
    const list = `started-by/${account}`
    const maximum = parts.settings.maximumPerAccount + FURTHER_STARTS
    const others = await notes.linked(list, maximum)
    if (others.length >= maximum && !others.includes(id)) {
      throw new NotConnectableError(
        'too_many',
        'You have begun to connect too many servers today. Go on tomorrow.',
      )
    }
    await notes.link(list, id, COUNTED_MS)
  }

  /** The targets whose strategies the grants know. */
  function presentIds(): readonly string[] {
    const prefix = strategyPrefix(parts.settings)
    return [...parts.strategies.present().values()]
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name }) => name.slice(prefix.length))
  }

  function readAnew(id: string): void {
    kept.drop(id, READ_ANEW_MS)
  }

  async function strategyForJob(id: string): Promise<ConnectedStrategy | undefined> {
    const strategy = await kept.forTenant(id)
    if (strategy === undefined) await notes.read(noteName(id))
    return strategy
  }

  return {
    read,
    strategyOf: kept.forTenant,
    strategyForJob,
    readAnew,
    idle: kept.idle,

    async start(account, { dpop, ...target }) {
      const { resource, issuer, authorizationURL, client } = target
      const { clientID, clientSecret, clientAuthentication, redirectUri } = client
      const made = [resource, issuer, authorizationURL, redirectUri, dpop]
      const id = await openId(
        shortDigest(JSON.stringify([...made, clientID, clientSecret, clientAuthentication])),
      )
      await count(account, id)
      // Before there is a grant: whoever ends all that a person has must find it.
      await notes.link(listOf(account), id, STARTED_MS)
      // If another process has saved it meanwhile, with another key, that one counts.
      await change(id, (present) => {
        if (present?.isKept === true) return undefined
        return present ?? { ...target, ...(dpop && { dpopKey: newKey() }), isKept: false }
      })
      // The page that asks was made of metadata that have just been read.
      readAnew(id)
      return id
    },

    async keep(account, id) {
      await notes.link(listOf(account), id, NOTE_LIFE_MS)
      await change(id, (present) =>
        present === undefined || present.isKept ? undefined : { ...present, isKept: true },
      )
    },

    async endAll(account) {
      let ended = 0
      await forEachDespiteFailures(notes.each(listOf(account)), TARGETS_AT_ONCE, async (id) => {
        const strategy = await strategyForJob(id)
        const count = await strategy?.endGrant({ account })
        ended += count ?? 0
        await notes.unlink(listOf(account), [id])
      })
      return ended
    },

    async *others() {
      const present = new Set(presentIds())
      for await (const id of notes.each(LIST)) if (!present.has(id)) yield id
    },
  }
}

/** The targets of which a person may have a grant. */
function listOf(account: string): string {
  return `targets-of/${account}`
}

function noteName(id: string): string {
  return `target/${id}`
}

function newKey(): JsonWebKey {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
}
