import type { Ask } from '../../../src/grants/ask.js'
import type { EndedGrant, GrantEngine } from '../../../src/grants/engine.js'
import type { Line } from '../../../src/grants/grant-record.js'
import type { RefreshWays } from '../../../src/grants/refresh-ways.js'
import { createDisturbances } from './disturbances.js'
import type * as Engine from './engine.js'
import { createOracle } from './oracle.js'
import type { Oracle } from './oracle.js'
import { createRandom } from './random.js'
import type { Random } from './random.js'
import { createTimeline } from './timeline.js'
import type { Timeline } from './timeline.js'
import { createProcess } from './virtual-clock.js'
import type { VirtualProcess } from './virtual-clock.js'
import { createWorldProvider, identify, STRATEGY } from './world-provider.js'
import type { Rotation, TokenRequest, WaysSettings, WorldProvider } from './world-provider.js'
import { createWorldStore, NO_NOISE } from './world-store.js'
import type { AppliedWrite, Failing, WorldStore } from './world-store.js'

/** A process with its engine. */
export interface Node {
  readonly process: VirtualProcess
  readonly engine: GrantEngine
  readonly ways: RefreshWays
}

/** How a call of the engine has ended. */
export type Outcome = Line | { readonly error: unknown }

export interface SceneSettings extends WaysSettings {
  readonly seed: number
  readonly rotation: Rotation
  readonly cacheMs: number
  readonly lifeMs: number
  readonly graceMs: number
  readonly connectionLimit: number
  readonly clocksAgree: boolean
}

/** Moments at which something may go wrong. */
export interface SceneEvents {
  sent?: (request: TokenRequest) => void
  arrived?: (request: TokenRequest) => void
  delivered?: (request: TokenRequest) => void
  marked?: (process: VirtualProcess) => void
}

/** Processes, a store and a provider, and what can happen to them. */
export interface Scene {
  readonly timeline: Timeline
  readonly random: Random
  readonly store: WorldStore
  readonly provider: WorldProvider
  readonly oracle: Oracle
  readonly nodes: Node[]
  readonly start: (skewMs?: number) => Node
  readonly logIn: (node: Node, grant: string) => Promise<boolean>
  /** A login that joins the grant, and leaves it after a while because it has failed. */
  readonly logInAndUndo: (node: Node, grant: string, afterMs: number) => Promise<void>
  readonly ask: (node: Node, grant: string, ask?: Ask) => Promise<Outcome>
  readonly end: (node: Node, grant: string) => Promise<boolean>
  readonly freeze: (node: Node, ms: number, monotonicStandsStill: boolean) => void
  readonly kill: (node: Node) => void
  readonly cut: (node: Node, ms: number, failing: Failing) => void
  /** Cuts a process off from the provider. */
  readonly cutProvider: (node: Node, ms: number) => void
  readonly outage: (ms: number, failing: Failing) => void
  readonly failOver: (lostMs: number, downMs: number) => void
  /** Ends all disturbances. */
  readonly calm: () => void
  /** Called as things happen. */
  readonly on: SceneEvents
  /** Notes what happens, if the scene is traced. */
  readonly trace: (line: string) => void
}

export const DEFAULTS: SceneSettings = {
  seed: 1,
  rotation: 'strict',
  cacheMs: 10_000,
  lifeMs: 60_000,
  graceMs: 5_000,
  connectionLimit: 4,
  clocksAgree: true,
  timeoutMs: 10_000,
  renewInBackground: true,
  refreshBeforeSeconds: 20,
}

/** How long a grant lives, in **milliseconds**. */
const LIFETIME_MS = 24 * 60 * 60_000

/** What calls of the store may add to the time that a caller waits, in **milliseconds**. */
const STORE_CALLS_MS = 25_000

/** Creates a {@link Scene}. */
export function createScene(
  engine: typeof Engine,
  some: Partial<SceneSettings> = {},
  tracing?: (line: string) => void,
): Scene {
  const settings = { ...DEFAULTS, ...some }
  const timeline = createTimeline()
  const random = createRandom(settings.seed)
  const disturbances = createDisturbances(timeline)
  const nodes: Node[] = []
  const running = new Set<() => void>()
  const on: SceneEvents = {}

  function trace(line: string): void {
    tracing?.(`${(timeline.time() / 1000).toFixed(3)} ${line}`)
  }

  /** Undoes a disturbance after a while, or when all is to be calm. */
  function endAfter(ms: number, undo: () => void): void {
    const end = (): void => {
      if (!running.delete(end)) return
      trace('end of a disturbance')
      undo()
    }
    running.add(end)
    timeline.after(ms, end)
  }

  const provider: WorldProvider = createWorldProvider({
    ...settings,
    timeline,
    random,
    engine,
    onSent(request) {
      trace(`${nameOf(request)} sent`)
      oracle.sent(request)
      on.sent?.(request)
    },
    onArrived(request, newestBy) {
      trace(`${nameOf(request)} arrived: ${request.outcome} ${request.issued ?? ''}`)
      oracle.arrived(request, newestBy)
      on.arrived?.(request)
    },
    onDelivered(request) {
      trace(`${nameOf(request)} answered`)
      on.delivered?.(request)
    },
    onRefused: () => undefined,
    fault: (what) => oracle.fault(what),
  })
  const { families, requests } = provider
  const oracle: Oracle = createOracle({
    ...settings,
    timeline,
    disturbances,
    requests,
    families,
    isQuiet: () => store.noise === NO_NOISE,
  })
  const store: WorldStore = createWorldStore({
    timeline,
    random,
    decode: (value, id) => engine.clearRecords.read(value, id),
    onApplied(write) {
      trace(summaryOf(write))
      oracle.applied(write)
      const { mark } = write.record
      if (mark !== undefined && mark.id !== write.before?.mark?.id) on.marked?.(write.process)
    },
    onFailOver: (lost) => oracle.failedOver(lost),
    onRead: (process, record) => oracle.read(process, record),
    onAnswer: (process, isInterrupted) => oracle.storeAnswered(process, isInterrupted),
  })

  function start(skewMs = 0): Node {
    const process = createProcess(timeline, `P${nodes.length}`, skewMs)
    const { clock } = process
    const parts = { store: store.storeOf(process), codec: engine.clearRecords, clock }
    const node: Node = {
      process,
      engine: engine.createGrantEngine({
        ...parts,
        cacheMs: settings.cacheMs,
        random: () => random.next(),
      }),
      ways: provider.waysOf(process, settings),
    }
    nodes.push(node)
    return node
  }

  async function logIn(node: Node, grant: string): Promise<boolean> {
    return (await begin(node, grant)) !== undefined
  }

  /** Resolves to the line that has the tokens of the login; to `undefined` if it has failed. */
  async function begin(
    { process, engine: grants }: Node,
    grant: string,
  ): Promise<string | undefined> {
    const tokens = provider.logIn(grant, process)
    const { family } = identify(tokens.accessToken)
    const dueMs = Math.min(settings.refreshBeforeSeconds * 1000, settings.lifeMs / 2)
    const renewAt = process.clock.now() + settings.lifeMs - dueMs
    try {
      const of = { names: [] }
      const { lines } = await grants.begin(grant, {
        strategy: STRATEGY,
        tokens,
        renewAt,
        of,
        lifetimeMs: LIFETIME_MS,
      })
      oracle.begun(family)
      return lines.find((line) => line.tokens.accessToken === tokens.accessToken)?.id ?? ''
    } catch (error) {
      expectKnown(error)
      return undefined
    }
  }

  async function logInAndUndo(node: Node, grant: string, afterMs: number): Promise<void> {
    const { process, engine: grants } = node
    const line = await begin(node, grant)
    if (line === undefined) return
    await new Promise<void>((resolve) => timeline.after(afterMs, resolve))
    if (!process.isAlive()) return
    trace(`${process.name} undoes its login`)
    oracle.undoing(line)
    try {
      const dropped = await grants.dropLine(grant, line)
      if (dropped === undefined) return
      trace(`${process.name} has undone its login`)
      oracle.ended(process, grant, familiesOf(dropped))
    } catch (error) {
      expectKnown(error)
    }
  }

  function expectKnown(error: unknown): void {
    const isKnown =
      error instanceof engine.LoginRequiredError ||
      error instanceof engine.TokenEndpointError ||
      error instanceof engine.StorageError
    if (!isKnown) oracle.fault(`an unknown error: ${String((error as Error).stack)}`)
  }

  async function ask(
    { process, engine: grants, ways }: Node,
    grant: string,
    how: Ask = {},
  ): Promise<Outcome> {
    const askedAt = timeline.time()
    if (how.refused !== undefined) oracle.refusedByApi(process, how.refused)
    const limitMs =
      Math.max(settings.timeoutMs, 10_000) + 5_000 + (how.isJob ? 10_000 : 0) + STORE_CALLS_MS
    let isOver = false
    const watch = (ms: number): void => {
      timeline.after(ms, () => {
        if (isOver || !process.isAlive()) return
        // A freeze is time that the process did not have.
        const spentMs =
          timeline.time() - askedAt - disturbances.frozenMs(process, askedAt, timeline.time())
        if (spentMs < limitMs) {
          watch(limitMs - spentMs + 1)
          return
        }
        oracle.fault(`${process.name} gave no answer within ${limitMs} ms`)
      })
    }
    watch(limitMs)
    try {
      const line = await grants.freshLine(grant, ways, how)
      trace(`${process.name}: ${line.tokens.accessToken} for a caller of ${askedAt.toFixed(0)} ms`)
      oracle.handedOut(process, line, askedAt)
      return line
    } catch (error) {
      expectKnown(error)
      if (error instanceof engine.LoginRequiredError) oracle.askedToLogIn(process, grant, askedAt)
      return { error }
    } finally {
      isOver = true
    }
  }

  async function end({ process, engine: grants }: Node, grant: string): Promise<boolean> {
    oracle.ending(grant)
    try {
      trace(`${process.name} ends`)
      const gone = await grants.end(grant)
      trace(`${process.name} has ended`)
      if (gone === undefined) return true
      oracle.ended(process, grant, familiesOf(gone))
      return true
    } catch (error) {
      expectKnown(error)
      return false
    }
  }

  return {
    timeline,
    random,
    store,
    provider,
    oracle,
    nodes,
    start,
    logIn,
    logInAndUndo,
    ask,
    end,
    on,
    trace,

    calm() {
      for (const end of [...running]) end()
    },

    freeze({ process }, ms, standsStill) {
      if (!process.isAlive() || process.isFrozen()) return
      const over = disturbances.begin(process, true)
      process.freeze(standsStill)
      endAfter(ms, () => {
        over()
        process.thaw()
      })
    },

    kill({ process }) {
      if (!process.isAlive()) return
      process.kill()
      oracle.killed(process)
    },

    cut({ process }, ms, failing) {
      const over = disturbances.begin(process)
      store.cut(failing, process)
      endAfter(ms, () => {
        over()
        store.cut(undefined, process)
      })
    },

    cutProvider({ process }, ms) {
      provider.cut(process, true)
      endAfter(ms, () => provider.cut(process, false))
    },

    outage(ms, failing) {
      const over = disturbances.begin()
      store.cut(failing)
      endAfter(ms, () => {
        over()
        store.cut(undefined)
      })
    },

    failOver(lostMs, downMs) {
      store.failOver(lostMs)
      if (downMs <= 0) return
      const over = disturbances.begin()
      store.cut(random.pick(['refused', 'lost']))
      endAfter(downMs, () => {
        over()
        store.cut(undefined)
      })
    },
  }
}

/** The tokens of one login are a family. */
function familiesOf({ tokens }: EndedGrant): string[] {
  return [...new Set(tokens.map(({ refreshToken = '' }) => identify(refreshToken).family))]
}

function nameOf({ process, family, token }: TokenRequest): string {
  return `${process.name}: r.${family.name}.${token}`
}

function summaryOf({ process, record }: AppliedWrite): string {
  const lines = record.lines.map(({ tokens, generation, underMark, refused }) =>
    [tokens.accessToken, `gen ${generation}`, `under ${underMark}`, refused].join(' '),
  )
  const mark =
    record.mark === undefined ? 'no mark' : `mark ${record.mark.number} ${record.mark.id}`
  const end = record.endedAt === undefined ? '' : ' ENDED'
  const failure = record.failure === undefined ? '' : ` failure of ${record.failure.forMs} ms`
  return `${process.name}: wrote [${lines.join('; ')}] ${mark}${failure}${end}`
}
