import { generateKeyPairSync } from 'node:crypto'
import type { JsonWebKey } from 'node:crypto'
import type { Dispatcher } from 'undici'
import type { SealedNotes } from '../grants/sealed-notes.js'
import type { StrategiesOfGrants } from '../grants/strategy-jobs.js'
import type { Clock } from '../lib/clock.js'
import { forEachDespiteFailures } from '../lib/for-each-despite-failures.js'
import { shortDigest } from '../lib/short-digest.js'
import type { GrantRefusal } from '../options/grant-refusal.js'
import type { ProviderMetadata } from '../options/metadata-option.js'
import type { AuthorizationCodeOptions } from '../options/options.js'
import { noteStrategyOfRequest } from '../passport/strategies-of-session.js'
import { createKeptStrategies } from '../passport/tenant-keeping.js'
import type { ChosenClient } from './choose-client.js'
import { registeredClient } from './choose-client.js'
import { ConnectedStrategy } from './connected-strategy.js'
import type { AccountOn } from './connected-strategy.js'
import type { ConnectSettings } from './connect-options.js'
import { NOTE_LIFE_MS } from './note-life.js'

/** What people connect: a resource, at an authorization server, with the client that this application is there. */
export interface Target {
  readonly resource: string
  readonly issuer: string
  readonly client: ChosenClient
  /** The key that tokens are bound to, if the resource wants that. */
  readonly dpopKey?: JsonWebKey
  /** When this was last written, in **milliseconds since the epoch**. */
  readonly writtenAt: number
}

/** A target that is connected now. */
export type NewTarget = Pick<Target, 'resource' | 'issuer' | 'client'> & { readonly dpop: boolean }

/** All that people connect, and the strategies for it. */
export interface Targets {
  /** Remembers a target, for all processes. Resolves to its id. @throws {StorageError} */
  readonly save: (target: NewTarget) => Promise<string>
  /** Notes that a person may have a grant of a target. @throws {StorageError} */
  readonly note: (account: string, id: string) => Promise<void>
  /** Ends all that a person has granted. Resolves to how many grants have ended. @throws {StorageError} after all that can be ended: call it again */
  readonly endAll: (account: string) => Promise<number>
  /** `undefined` also if the target cannot be opened: it counts as absent. @throws {StorageError} if the store fails */
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
  readonly idle: (timeoutMs: number) => Promise<number>
}

/** What {@link createTargets} needs. */
export interface TargetsParts {
  readonly notes: SealedNotes
  readonly clock: Clock
  readonly settings: ConnectSettings
  readonly strategies: Pick<StrategiesOfGrants, 'present'>
  readonly dispatcher: Dispatcher | undefined
  readonly accountOn: AccountOn
  readonly readMetadata: (issuer: string) => Promise<ProviderMetadata>
  /** Called if a server refuses to renew a person's grant for good, also without a request. */
  readonly onRefused: (account: string, target: string) => Promise<void>
}

/** What the names and session keys of these strategies begin with. */
export const STRATEGY_PREFIX = 'connect:'

const LIST = 'connect/targets'

/** How many ids one look at the list asks for. */
const PAGE = 100

/** How many targets a job works on at once: a server that does not answer holds up no other. */
export const TARGETS_AT_ONCE = 16

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
      const strategy = new ConnectedStrategy(await optionsOf(id, target, parts), parts.accountOn)
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
    const note = await notes.look<Target>(noteName(id))
    const target = note?.value
    if (target !== undefined && clock.now() - target.writtenAt > NOTE_LIFE_MS / 2) {
      await write(id, note?.version, target)
    }
    return target
  }

  async function write(id: string, was: string | undefined, target: Target): Promise<void> {
    await notes.write(noteName(id), was, { ...target, writtenAt: clock.now() }, NOTE_LIFE_MS)
    await notes.link(LIST, id, NOTE_LIFE_MS)
  }

  /** The targets whose strategies the grants know. */
  function presentIds(): readonly string[] {
    return [...parts.strategies.present().values()]
      .filter(({ name }) => name.startsWith(STRATEGY_PREFIX))
      .map(({ name }) => name.slice(STRATEGY_PREFIX.length))
  }

  async function* idsIn(list: string): AsyncIterable<string> {
    for (let after: string | undefined; ;) {
      const ids = await notes.linked(list, PAGE, after)
      yield* ids
      after = ids.at(-1)
      if (ids.length < PAGE) return
    }
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
    idle: kept.idle,

    async save({ dpop, ...target }) {
      const { resource, issuer, client } = target
      const { clientID, redirectUri } = client
      const id = shortDigest(JSON.stringify([resource, issuer, clientID, redirectUri, dpop]))
      const note = await notes.look<Target>(noteName(id))
      // If another process has saved it meanwhile, with another key, that one counts.
      if (note?.value === undefined) {
        const own = { ...target, ...(dpop && { dpopKey: newKey() }), writtenAt: 0 }
        await write(id, note?.version, own)
      }
      return id
    },

    note: (account, id) => notes.link(listOf(account), id, NOTE_LIFE_MS),

    async endAll(account) {
      let ended = 0
      await forEachDespiteFailures(idsIn(listOf(account)), TARGETS_AT_ONCE, async (id) => {
        const strategy = await strategyForJob(id)
        const count = await strategy?.endGrant({ account })
        ended += count ?? 0
        await notes.unlink(listOf(account), [id])
      })
      return ended
    },

    async *others() {
      const present = new Set(presentIds())
      for await (const id of idsIn(LIST)) if (!present.has(id)) yield id
    },
  }
}

/** The targets of which a person may have a grant. */
function listOf(account: string): string {
  return `connect/targets-of/${account}`
}

function noteName(id: string): string {
  return `connect/target/${id}`
}

function newKey(): JsonWebKey {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
}

/** The options of the strategy of a target. */
async function optionsOf(
  id: string,
  { resource, issuer, client, dpopKey }: Target,
  { settings, dispatcher, readMetadata, onRefused }: TargetsParts,
): Promise<AuthorizationCodeOptions<object>> {
  const { grants, accountOf, timeoutMs, responseLimitBytes } = settings
  const known = client.kind === 'registered' ? await registeredClient(issuer, settings) : undefined
  const clientSecret = known?.clientSecret ?? client.clientSecret
  const options = {
    name: STRATEGY_PREFIX + id,
    issuer,
    metadata: () => readMetadata(issuer),
    clientID: client.clientID,
    ...(clientSecret !== undefined && { clientSecret }),
    ...(client.clientAuthentication !== undefined && {
      clientAuthentication: client.clientAuthentication,
    }),
    callbackURL: client.redirectUri,
    resource,
    grants,
    grantLifetime: 'account',
    ...(accountOf !== undefined && { accountOf }),
    ...(dpopKey !== undefined && { dpopKey }),
    // The claims of an ID token say who the person is there, and no profile is loaded.
    parseProfile: ({ sub }: Readonly<Record<string, unknown>>) => ({ id: sub as string }),
    onGrantRefused: ({ account }: GrantRefusal) =>
      account === undefined ? undefined : onRefused(account, id),
    timeoutMs,
    responseLimitBytes,
    ...(dispatcher !== undefined && { dispatcher }),
  } as const
  return options as unknown as AuthorizationCodeOptions<object>
}
