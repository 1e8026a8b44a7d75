import { setImmediate } from 'node:timers/promises'
import type { Scheduler } from 'fast-check'
import { TokenEndpointError } from '../../src/errors/errors.js'
import type { LedgerStore, Wait } from '../../src/grants/ledger-store.js'
import type { GrantState, Ledger, Renewal } from '../../src/options/ledger.js'
import { lineTo } from './line-to-store.js'

/** What a provider does with one request to renew. */
export type ProviderAct =
  | 'renews'
  /** Answers 503 and changes nothing. */
  | 'fails'
  /** Has withdrawn the grant. */
  | 'withdraws'
  /** Renews, and its answer never arrives. */
  | 'renews unheard'
  /** The process that asks is killed before the request reaches the provider. */
  | 'asker dies before'
  /** The process that asks is killed after the provider has renewed. */
  | 'asker dies after'

/** What becomes of one command to the store. */
export type CommandFate = 'done' | 'request lost' | 'reply lost'

/** Somebody who renews a grant's tokens, one time after the other. */
export interface CallerPlan {
  readonly process: number
  readonly grant: number
  readonly renewals: number
  /** Comes back with the tokens of the login each time, as with a session that was never written. */
  readonly isStale: boolean
}

/** Somebody who logs out. */
export interface LogoutPlan {
  readonly process: number
  readonly grant: number
}

/** Everything that happens in a world but for the order in which it happens. */
export interface WorldPlan {
  readonly processes: number
  readonly callers: readonly CallerPlan[]
  readonly logouts: readonly LogoutPlan[]
  /** What the provider does with the first request, the second, and so on; after these it renews. */
  readonly provider: readonly ProviderAct[]
  /** What becomes of the first command, the second, and so on; after these they are done. */
  readonly commands: readonly CommandFate[]
  /** How many times all processes are stopped for longer than the lease. */
  readonly pauses: number
}

/**
 * One call of `renew`, and what came of it. Times count what happened in the world so far. A call that
 * joins another of its process has asked when that one did.
 */
export interface Call {
  readonly process: number
  readonly grant: number
  readonly current: GrantState
  readonly askedAt: number
  /** The newest version that the store had when the call asked. */
  readonly newestThen: number
  settledAt?: number
  renewal?: Renewal
  error?: unknown
  /** How many commands its process had lost then. */
  readonly lostBefore: number
  /** How many more it had lost when the call settled. */
  lost: number
}

/** A grant at the provider: refresh tokens rotate, and a second use of one revokes them all. */
export interface Family {
  /** The refresh token that the provider takes next. */
  newest: string
  requests: number
  renewals: number
  reuses: number
  /** The process that has got the newest refresh token and not yet written it to the store. */
  renewer: object | undefined
  /** The provider has taken a refresh token and nobody is left who got the answer. */
  isUnheard: boolean
  isRevoked: boolean
}

/** What was seen of a world, and its way to see more. */
export interface World {
  readonly calls: readonly Call[]
  readonly families: readonly Family[]
  /** The failures of the provider, by message, and when word of them came to the store. */
  readonly failures: ReadonlyMap<string, number>
  /** When a logout had been answered, by grant. */
  readonly loggedOutAt: ReadonlyMap<number, number>
  /** The states that were written to the store, as text. */
  readonly written: ReadonlySet<string>
  /** Whatever no store may be told: a version that does not go forward, a record over an ended one. */
  readonly backwards: readonly string[]
  /** Calls that did not settle although their process lives. */
  readonly stuck: readonly Call[]
  /** The grants that somebody has tried to log out of. */
  readonly logoutsTried: ReadonlySet<number>
  /**
   * Renews the grant of a login until the provider is asked, in a process of its own, with nothing going
   * wrong any more.
   */
  readonly renewOnceMore: (grant: number) => Promise<Renewal>
}

/** Long enough for what a living process needs, however the store treats it. */
export const LEASE_MS = 20_000
const KEEP_MS = 1_000_000_000

/** How many waits end at any moment; the others last until nothing else is left to do. */
const RESTLESS_WAITS = 25

/** Keeps away from keys and ciphers, which take real time. */
export const grantOf = (grant: number): string => `grant ${grant} `.padEnd(40, '*')

/** The state of a grant after its login. */
export const loginOf = (grant: number): GrantState => stateOf(grant, 1)

function stateOf(grant: number, version: number): GrantState {
  return {
    version,
    tokens: {
      accessToken: `access token ${version} of grant ${grant}`,
      refreshToken: `refresh token ${version} of grant ${grant}`,
      tokenType: 'bearer',
    },
  }
}

/** What is under test. */
export interface WorldParts {
  readonly createLedger: (store: LedgerStore, wait: Wait) => Ledger
  readonly createStore: (now: () => number) => LedgerStore
}

interface Process {
  readonly ledger: Ledger
  isDead: boolean
  lost: number
}

/** Lets `plan` happen, in the order of `scheduler`, until nothing is left to happen. */
export async function runWorld(
  scheduler: Scheduler,
  plan: WorldPlan,
  { createLedger, createStore }: WorldParts,
): Promise<World> {
  let clock = 0
  let time = 0
  let restlessWaits = RESTLESS_WAITS
  let timers: { readonly endsAt: number; readonly end: () => void }[] = []
  const acts = [...plan.provider]
  const fates = [...plan.commands]

  const calls: Call[] = []
  const failures = new Map<string, number>()
  const loggedOutAt = new Map<number, number>()
  const written = new Set<string>()
  const backwards: string[] = []
  const families: Family[] = [0, 1].map((grant) => ({
    newest: loginOf(grant).tokens.refreshToken ?? '',
    requests: 0,
    renewals: 0,
    reuses: 0,
    renewer: undefined,
    isUnheard: false,
    isRevoked: false,
  }))
  const newestVersion = [1, 1]
  const store = watched(createStore(() => clock))

  /** Goes on when the scheduler says so, unless the process has died by then. */
  async function turn(process: Process, what: string): Promise<void> {
    await scheduler.schedule(Promise.resolve(), what)
    time += 1
    if (process.isDead) await new Promise(() => undefined)
  }

  /** Notes what the store was told. */
  function watched(store: LedgerStore): LedgerStore {
    const versions = new Map<string, number>()
    return {
      ...store,
      async commit(id, owner, version, sealed, keepMs) {
        const commit = await store.commit(id, owner, version, sealed, keepMs)
        if (commit.commit === 'written') {
          if (version <= (versions.get(id) ?? 1)) backwards.push(`${version} was written late`)
          versions.set(id, sealed === undefined ? Infinity : version)
          if (sealed !== undefined) {
            const { value } = JSON.parse(sealed) as { value: GrantState }
            const grant = Number(/\d+$/.exec(value.tokens.accessToken)?.[0])
            written.add(JSON.stringify(value))
            newestVersion[grant] = version
            if (families[grant]) families[grant].renewer = undefined
          }
        }
        return commit
      },
      async releaseLease(id, owner, failure) {
        await store.releaseLease(id, owner, failure)
        if (failure === undefined) return
        const { message } = JSON.parse(failure) as { message: string }
        failures.set(message, time)
      },
      async end(id, keepMs) {
        versions.set(id, Infinity)
        return store.end(id, keepMs)
      },
    }
  }

  /** Request and reply take their time, and may get lost. */
  async function carry(process: Process, name: string, run: () => Promise<unknown>) {
    await turn(process, `${name} goes out`)
    const fate = fates.shift() ?? 'done'
    if (fate !== 'done') process.lost += 1
    const reply = fate === 'request lost' ? undefined : await run()
    await turn(process, `${name} comes back`)
    if (fate !== 'done') throw new Error(`The ${fate} of ${name}`)
    return reply
  }

  async function wait(process: Process, milliseconds: number): Promise<void> {
    if (restlessWaits-- > 0) return turn(process, 'a wait is over')
    await new Promise<void>((end) => timers.push({ endsAt: clock + milliseconds, end }))
    if (process.isDead) await new Promise(() => undefined)
  }

  function startProcess(): Process {
    const process: Process = {
      isDead: false,
      lost: 0,
      ledger: createLedger(
        lineTo(store, (name, run) => carry(process, name, run)),
        (milliseconds) => wait(process, milliseconds),
      ),
    }
    return process
  }

  async function refresh(
    process: Process,
    grant: number,
    current: GrantState,
  ): Promise<GrantState | undefined> {
    const family = families[grant]
    if (family === undefined) throw new Error(`No grant ${grant}`)
    await turn(process, 'the provider is asked')
    const act = acts.shift() ?? 'renews'
    if (act === 'asker dies before') kill(process)
    const next = process.isDead ? undefined : answer(process, family, current, act)
    if (act === 'asker dies after') kill(process)
    await turn(process, 'the provider answers')
    if (act === 'renews unheard') {
      family.isUnheard = true
      throw failure('was not heard')
    }
    if (act === 'fails') throw failure('failed')
    return next
  }

  function kill(process: Process): void {
    process.isDead = true
    for (const family of families) family.isUnheard ||= family.renewer === process
  }

  function answer(
    process: Process,
    family: Family,
    { version, tokens }: GrantState,
    act: ProviderAct,
  ): GrantState | undefined {
    family.requests += 1
    if (act === 'fails') return undefined
    if (act === 'withdraws') family.isRevoked = true
    if (family.isRevoked) return undefined
    if (tokens.refreshToken !== family.newest) {
      family.reuses += 1
      family.isRevoked = true
      return undefined
    }
    const next = stateOf(families.indexOf(family), version + 1)
    family.renewer = process
    family.renewals += 1
    family.newest = next.tokens.refreshToken ?? ''
    return next
  }

  function failure(what: string): TokenEndpointError {
    const message = `The provider ${what} (${failures.size + 1}).`
    failures.set(message, time)
    const cause = new Error('stays in its process')
    return new TokenEndpointError(message, { phase: 'refresh', httpStatus: 503, cause })
  }

  async function call(
    { process, at }: { process: Process; at: number },
    grant: number,
    current: GrantState,
  ): Promise<Call> {
    const joined = calls.find(
      (other) =>
        other.settledAt === undefined &&
        other.process === at &&
        other.grant === grant &&
        other.current.version === current.version,
    )
    const { askedAt, newestThen, lostBefore } = joined ?? {
      askedAt: time,
      newestThen: newestVersion[grant] ?? 1,
      lostBefore: process.lost,
    }
    const made: Call = { process: at, grant, current, askedAt, newestThen, lostBefore, lost: 0 }
    calls.push(made)
    try {
      made.renewal = await process.ledger.renew(
        grantOf(grant),
        current,
        () => refresh(process, grant, current),
        { leaseMs: LEASE_MS, keepMs: KEEP_MS },
      )
    } catch (error) {
      made.error = error
    }
    made.settledAt = time
    made.lost = process.lost - lostBefore
    return made
  }

  /** Until nothing is left to happen; time passes only when nothing else does. */
  async function runDry(): Promise<void> {
    for (;;) {
      await setImmediate()
      if (scheduler.count() > 0) await scheduler.waitNext(1)
      else if (timers.length > 0) {
        const now = Math.min(...timers.map(({ endsAt }) => endsAt))
        clock = now
        for (const { endsAt, end } of timers) if (endsAt <= now) end()
        timers = timers.filter(({ endsAt }) => endsAt > now)
      } else return
    }
  }

  const processes = Array.from({ length: plan.processes }, startProcess)
  function placeOf(number: number): { process: Process; at: number } {
    const at = number % processes.length
    return { process: processes[at] ?? startProcess(), at }
  }

  for (const caller of plan.callers) {
    void (async () => {
      const place = placeOf(caller.process)
      let current = loginOf(caller.grant)
      for (let renewals = caller.renewals; renewals > 0; renewals--) {
        await turn(place.process, 'a request comes')
        const { renewal } = await call(place, caller.grant, current)
        if (renewal !== undefined && renewal.outcome !== 'ended' && !caller.isStale) {
          current = renewal.state
        }
      }
    })()
  }
  for (const logout of plan.logouts) {
    void (async () => {
      const { process } = placeOf(logout.process)
      await turn(process, 'somebody logs out')
      await process.ledger.end(grantOf(logout.grant), KEEP_MS).then(
        () => loggedOutAt.set(logout.grant, loggedOutAt.get(logout.grant) ?? time),
        () => undefined,
      )
    })()
  }
  for (let pauses = plan.pauses; pauses > 0; pauses--) {
    void scheduler
      .schedule(Promise.resolve(), 'all stop for longer than the lease')
      .then(() => (clock += LEASE_MS + 1))
  }
  await runDry()

  return {
    calls,
    families,
    failures,
    loggedOutAt,
    written,
    backwards,
    stuck: calls.filter(
      (made) => made.settledAt === undefined && !placeOf(made.process).process.isDead,
    ),
    logoutsTried: new Set(plan.logouts.map(({ grant }) => grant)),
    async renewOnceMore(grant) {
      fates.length = 0
      acts.length = 0
      const place = { process: startProcess(), at: -1 - grant }
      const requests = families[grant]?.requests
      for (let current = loginOf(grant); ;) {
        const made = call(place, grant, current)
        await runDry()
        const { renewal, error } = await made
        if (renewal === undefined) throw error
        if (renewal.outcome === 'ended' || families[grant]?.requests !== requests) return renewal
        current = renewal.state
      }
    },
  }
}
