import type * as Engine from './engine.js'
import { createIncidents } from './incidents.js'
import type { Cause } from './oracle.js'
import { createRandom } from './random.js'
import type { Random } from './random.js'
import { createScene } from './scene.js'
import type { Node, Outcome, Scene, SceneSettings } from './scene.js'
import { THEMES, settingsFor } from './themes.js'
import type { Theme } from './themes.js'
import { MAXIMUM_NOISE } from './world-store.js'

/** What has happened in a world. */
export interface WorldReport {
  readonly seed: number
  readonly faults: readonly string[]
  readonly causes: ReadonlyMap<Cause, number>
  readonly requests: number
  /** Calls that got a token. */
  readonly tokens: number
  readonly trace: readonly string[]
}

/** How long the adverse part of a world lasts, in **milliseconds**. */
const ADVERSE_MS = 100_000

/** Two leases: how long a login may take to work again when all is well, in **milliseconds**. */
const RECOVERY_MS = 20_000

/** The longest pause that the engine makes after failures, and the longest that a mark outlives its request. */
const LONGEST_PAUSE_MS = 62_000

const GRANT = 'g'

/** Runs one world: everything in it follows from its seed. */
export async function runWorld(
  engine: typeof Engine,
  seed: number,
  forced?: Theme,
  isTraced = false,
): Promise<WorldReport> {
  const random = createRandom(seed)
  const theme = forced ?? (random.chance(0.35) ? random.pick(THEMES) : undefined)
  const settings = { ...drawSettings(random, seed), ...settingsFor(theme, random) }
  const trace: string[] = []
  const scene = createScene(engine, settings, isTraced ? (line) => trace.push(line) : undefined)
  const world: World = {
    theme,
    grants: theme === 'failover' || random.chance(0.2) ? ['g', 'h'] : ['g'],
    scene,
    random,
    settings,
    tokens: 0,
    hadTrouble: false,
    last: new Map<Node, string>(),
  }
  drawWeather(world)
  const processes = random.whole(2, 4)
  for (let index = 0; index < processes; index++) scene.start(drawSkew(world))
  const [first] = scene.nodes
  for (const grant of world.grants) if (first !== undefined) void scene.logIn(first, grant)
  planTraffic(world)
  planLogins(world)
  const incidents = createIncidents(world)
  incidents.plan(ADVERSE_MS)
  await scene.timeline.runUntil(ADVERSE_MS)
  incidents.stop()
  await recover(world)
  const { faults, causes } = scene.oracle
  return {
    seed,
    faults,
    causes,
    requests: scene.provider.requests.length,
    tokens: world.tokens,
    trace,
  }
}

/** A world that is running. */
export interface World {
  readonly theme: Theme | undefined
  readonly grants: readonly string[]
  readonly scene: Scene
  readonly random: Random
  readonly settings: SceneSettings
  tokens: number
  /** Whether a process may be waiting because it could not reach the provider. */
  hadTrouble: boolean
  /** The access token that each process was given last. */
  readonly last: Map<Node, string>
}

function drawSettings(random: Random, seed: number): SceneSettings {
  const lifeMs = random.pick([15_000, 30_000, 60_000])
  return {
    seed: seed ^ 0x5bd1e995,
    rotation: random.pick(['strict', 'strict', 'strict', 'grace', 'grace', 'lenient', 'fixed']),
    cacheMs: random.pick([0, 1_000, 10_000, 10_000]),
    lifeMs,
    graceMs: random.pick([5_000, 30_000]),
    connectionLimit: random.pick([1, 2, 4]),
    clocksAgree: random.chance(0.7),
    timeoutMs: random.pick([3_000, 10_000, 10_000, 30_000]),
    renewInBackground: random.chance(0.7),
    refreshBeforeSeconds: lifeMs / 3_000,
  }
}

/** The longest time that the provider takes in themes that need a slow one, in **milliseconds**. */
const LONGEST_ANSWERS: Partial<Record<Theme, number>> = {
  outage: 40_000,
  losses: 40_000,
  'two answers': 9_000,
  refusal: 9_000,
  ends: 15_000,
}

function drawWeather({ theme, scene: { provider, random }, random: drawn }: World): void {
  const { weather } = provider
  const longestMs = theme === undefined ? undefined : LONGEST_ANSWERS[theme]
  const speed =
    longestMs !== undefined
      ? 'long'
      : drawn.pick(['fast', 'fast', 'fast', 'slow', 'slow', 'very slow'])
  const signing = theme === 'sleep' ? 1 : drawn.pick([0, 0, 0, 0.3])
  weather.loss = drawn.pick([0, 0, 0, 0.03])
  weather.nonce = drawn.pick([0, 0, 0.3])
  weather.signingMs = () =>
    random.chance(signing)
      ? random.between(500, theme === 'sleep' ? 4_000 : 14_000)
      : random.between(0, 4)
  weather.answerMs = () => {
    const kind = random.chance(0.5) ? 'fast' : speed
    if (kind === 'long') return random.between(1_000, longestMs ?? 0)
    if (kind === 'fast') return random.between(10, 400)
    return kind === 'slow' ? random.between(500, 20_000) : random.between(10_000, 90_000)
  }
}

/** How far the clock of a process is ahead, in **milliseconds**. */
export function drawSkew({ settings, random }: World): number {
  if (settings.clocksAgree) return 0
  return random.chance(0.5) ? random.between(-8_000, 8_000) : random.between(-6, 6) * 3_600_000
}

/** Requests and jobs in all processes, now and then several at once. */
function planTraffic(world: World): void {
  const { scene, random } = world
  const { timeline, nodes } = scene
  const pauseMs = world.theme === undefined ? random.pick([1_500, 3_000, 6_000]) : 1_500
  const next = (): void => {
    timeline.after(random.between(0, 2 * pauseMs) / Math.max(1, nodes.length), () => {
      if (timeline.time() >= ADVERSE_MS) return
      const node = nodes[random.whole(0, nodes.length - 1)]
      const count = random.chance(0.1) ? 4 : 1
      for (let index = 0; node !== undefined && index < count; index++) request(world, node)
      next()
    })
  }
  next()
}

function request(world: World, node: Node): void {
  if (!node.process.isAlive() || node.process.isFrozen()) return
  const { random } = world
  const known = world.last.get(node)
  const refused = known !== undefined && random.chance(0.06) ? known : undefined
  const grant = random.chance(world.theme === 'failover' ? 0.15 : 0.6)
    ? world.grants[0]
    : world.grants.at(-1)
  if (grant === undefined || grant !== world.grants[0]) void world.scene.ask(node, grant ?? '')
  else void askFor(world, node, refused, random.chance(0.1))
}

async function askFor(world: World, node: Node, refused?: string, isJob = false): Promise<Outcome> {
  const outcome = await world.scene.ask(node, GRANT, {
    isJob,
    ...(refused !== undefined && { refused }),
  })
  if (!('error' in outcome)) {
    world.tokens += 1
    world.last.set(node, outcome.tokens.accessToken)
  }
  return outcome
}

/** Logouts, and logins over what is there. */
function planLogins(world: World): void {
  const { scene, random } = world
  const { timeline, nodes } = scene
  const someNode = (): Node | undefined => {
    const able = nodes.filter(({ process }) => process.isAlive() && !process.isFrozen())
    return able[random.whole(0, able.length - 1)]
  }
  const logInAfter = (ms: number): void => {
    timeline.after(ms, () => {
      const node = someNode()
      if (node !== undefined) void scene.logIn(node, GRANT)
    })
  }
  for (let count = random.pick([0, 0, 0, 1, 1, 5]); count > 0; count--)
    logInAfter(random.between(5_000, ADVERSE_MS))
  const ends = world.theme === 'slow looks' ? 0 : random.pick([0, 0, 0, 1, 2])
  for (let count = ends; count > 0; count--) {
    const endMs = random.between(5_000, ADVERSE_MS)
    timeline.after(endMs, () => {
      const node = someNode()
      if (node !== undefined) void scene.end(node, GRANT)
    })
    if (random.chance(0.6))
      logInAfter(endMs + random.pick([0, random.between(0, 500), random.between(0, 15_000)]))
  }
}

/** All is well from now on: every login that is not lost must work again, and the tokens must fit together. */
async function recover(world: World): Promise<void> {
  const { scene, settings } = world
  const { timeline, nodes, oracle, provider } = scene
  scene.calm()
  provider.weather.failing = undefined
  provider.weather.loss = provider.weather.nonce = 0
  provider.weather.signingMs = () => 1
  provider.weather.answerMs = () => 100
  const alive = nodes.filter(({ process }) => process.isAlive())
  // What was sent before may take its time: the mark is kept for a minute.
  const isOpen = (): boolean =>
    provider.requests.some(
      (one) => one.deliveredAt === undefined && !one.isLost && one.process.isAlive(),
    )
  const calmAt = timeline.time()
  while (isOpen() && timeline.time() < calmAt + LONGEST_PAUSE_MS)
    await timeline.runUntil(timeline.time() + 1_000)
  const failed = provider.requests.some(({ outcome, isLost }) => outcome === 'failed' || isLost)
  const limitMs =
    RECOVERY_MS + (failed || world.hadTrouble ? LONGEST_PAUSE_MS : 0) + MAXIMUM_NOISE * 1_000
  const startedAt = timeline.time()
  const settledNodes = new Set<Node>()
  const errors = new Map<Node, unknown>()
  while (settledNodes.size < alive.length && timeline.time() < startedAt + limitMs) {
    for (const node of alive) {
      if (settledNodes.has(node)) continue
      void askFor(world, node, undefined, true).then((outcome) => {
        if (
          !('error' in outcome) ||
          (outcome.error instanceof Error && outcome.error.name === 'LoginRequiredError')
        )
          settledNodes.add(node)
        else errors.set(node, outcome.error)
      })
    }
    await timeline.runUntil(timeline.time() + 1_000)
  }
  for (const node of alive) {
    if (!settledNodes.has(node)) {
      oracle.fault(
        `${node.process.name} got no token within ${limitMs} ms: ${String(errors.get(node))}`,
      )
    }
  }
  await timeline.runUntil(timeline.time() + settings.cacheMs + 1_000)
  for (const node of alive) {
    void askFor(world, node, world.last.get(node), true)
    await timeline.runUntil(timeline.time() + 3_000)
  }
  await timeline.runUntil(timeline.time() + RECOVERY_MS)
  oracle.conclude(provider.families, (grant) => scene.store.present(grant)?.lines)
  for (const node of alive) {
    const held = provider.connectionsOf(node.process)?.held() ?? 0
    const open = provider.requests.filter(
      (one) => one.process === node.process && one.deliveredAt === undefined && !one.isLost,
    )
    if (held > open.length)
      oracle.fault(`${node.process.name} holds ${held} connections for nothing`)
  }
}
