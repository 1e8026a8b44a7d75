import type { Node } from './scene.js'
import type { Theme } from './themes.js'
import type { TokenRequest } from './world-provider.js'
import { drawSkew } from './world.js'
import type { World } from './world.js'
import { NO_NOISE } from './world-store.js'

/** What goes wrong in a world, and when. */
export interface Incidents {
  /** Chooses what goes wrong until then. */
  readonly plan: (until: number) => void
  /** Nothing more goes wrong. */
  readonly stop: () => void
}

/** Creates the {@link Incidents} of one world. */
export function createIncidents(world: World): Incidents {
  const { scene, random, settings } = world
  const { timeline, nodes, provider, store } = scene
  let isStopped = false
  /** Bounds the disturbances: as many as a bad day has. */
  let left = random.pick([1, 2, 3, 5])

  function lengthMs(): number {
    return random.pick([
      random.between(200, 3_000),
      random.between(2_000, 8_000),
      random.between(8_000, 30_000),
      random.between(9_000, 16_000),
    ])
  }

  function restart(): void {
    timeline.after(random.between(100, 10_000), () => {
      if (!isStopped) scene.start(drawSkew(world))
    })
  }

  const kinds = {
    freeze: (node: Node) => scene.freeze(node, lengthMs(), random.chance(0.4)),
    kill(node: Node) {
      scene.kill(node)
      restart()
    },
    cut: (node: Node) => scene.cut(node, lengthMs(), random.pick(['refused', 'lost'])),
    outage: () => scene.outage(lengthMs(), random.pick(['refused', 'lost'])),
    failOver: () =>
      scene.failOver(random.between(0, 1_000), random.pick([0, random.between(100, 3_000)])),
    provider(node: Node) {
      world.hadTrouble = true
      scene.cutProvider(node, lengthMs())
    },
    jump(node: Node) {
      if (!settings.clocksAgree)
        node.process.jump(random.pick([-1, 1]) * random.between(60_000, 4 * 3_600_000))
    },
    failing() {
      provider.weather.failing = random.pick<{ status: number; retryAfterMs?: number }>([
        { status: 500 },
        { status: 503, retryAfterMs: random.between(1_000, 20_000) },
        { status: 429, retryAfterMs: random.between(1_000, 20_000) },
      ])
      timeline.after(random.between(1_000, 40_000), () => {
        provider.weather.failing = undefined
      })
    },
  }
  type Kind = keyof typeof kinds

  const noisy: [Kind, ...Kind[]] = ['kill', 'failing', 'jump', 'provider', 'failing']
  const rough: [Kind, ...Kind[]] = [
    'freeze',
    'freeze',
    'kill',
    'cut',
    'cut',
    'outage',
    'outage',
    'failOver',
    'failOver',
    'provider',
    'jump',
    'failing',
  ]

  function strike(kind: Kind, node: Node): void {
    if (isStopped || left <= 0 || !node.process.isAlive()) return
    left -= 1
    scene.trace(`incident: ${kind} ${node.process.name}`)
    kinds[kind](node)
  }

  function someNode(): Node | undefined {
    return nodes[random.whole(0, nodes.length - 1)]
  }

  /** Incidents at the worst moments: as a process has sent a refresh, or as the answer arrives. */
  function watch(some: [Kind, ...Kind[]], probability: number): void {
    const at = ({ process }: TokenRequest): void => {
      if (isStopped || !random.chance(probability)) return
      const node = random.chance(0.8) ? nodes.find((one) => one.process === process) : someNode()
      const delayMs = random.pick([0, random.between(0, 100), random.between(0, 3_000)])
      timeline.after(delayMs, () => {
        if (node !== undefined) strike(random.pick(some), node)
      })
    }
    scene.on.sent = at
    scene.on.arrived = at
    scene.on.delivered = at
    scene.on.marked = (process) => {
      const node = nodes.find((one) => one.process === process)
      if (node !== undefined && random.chance(probability / 4)) strike(random.pick(some), node)
    }
  }

  let lastActAt = -Infinity

  function isQuietSince(ms: number): boolean {
    if (timeline.time() < lastActAt + ms) return false
    lastActAt = timeline.time()
    return true
  }

  /** One process ends the grant while the looks of another take seconds. */
  function endDuringLooks(): void {
    const [ender, other] = random.chance(0.5) ? nodes : [...nodes].reverse()
    if (isStopped || ender === undefined || other === undefined) return
    store.victim = other.process
    store.noise = { ...NO_NOISE, slow: 1 }
    timeline.after(1_000, () => {
      void scene.end(ender, 'g')
      if (random.chance(0.5)) void scene.end(other, 'g')
    })
    timeline.after(1_100, () => {
      store.noise = NO_NOISE
    })
    timeline.after(16_000, () => {
      if (!isStopped) void scene.logIn(ender, 'g')
    })
  }

  /** A login comes to nothing, while the store may refuse to take that. It may be the only one of the grant. */
  function undoLogin(): void {
    const node = someNode()
    if (isStopped || node?.process.isAlive() !== true) return
    const afterMs = random.pick([0, random.between(0, 12_000)])
    const before = random.chance(0.5) ? scene.end(node, 'g') : Promise.resolve(true)
    void before.then(() => scene.logInAndUndo(node, 'g', afterMs))
    if (random.chance(0.5)) return
    timeline.after(afterMs, () => {
      store.victim = node.process
      store.noise = { ...NO_NOISE, refused: 0.5 }
    })
    timeline.after(afterMs + 2_000, () => {
      store.noise = NO_NOISE
    })
  }

  /** What a theme needs at its moments. */
  function follow(theme: Theme): void {
    const act =
      (probability: number, run: (node: Node) => void) =>
      ({ process }: TokenRequest): void => {
        const node = nodes.find((one) => one.process === process)
        if (isStopped || node === undefined || !process.isAlive()) return
        if (random.chance(probability)) run(node)
      }
    if (theme === 'outage') {
      scene.on.sent = act(0.4, () => {
        if (isQuietSince(30_000))
          scene.outage(random.between(5_000, 16_000), random.pick(['refused', 'lost']))
      })
    } else if (theme === 'two answers') {
      scene.on.sent = act(0.4, (node) => {
        if (isQuietSince(30_000))
          scene.freeze(node, random.between(11_000, 16_000), random.chance(0.4))
      })
    } else if (theme === 'failover') {
      scene.on.delivered = act(0.5, () => {
        if (!isQuietSince(15_000)) return
        timeline.after(random.between(10, 300), () =>
          scene.failOver(1_000, random.between(50, 500)),
        )
      })
    } else if (theme === 'background') {
      scene.on.sent = act(0.4, (node) => {
        if (isQuietSince(10_000)) kinds.kill(node)
      })
    } else if (theme === 'clocks') {
      timeline.after(random.between(30_000, 90_000), () => {
        provider.weather.failing = { status: 503, retryAfterMs: 5_000 }
      })
      scene.on.delivered = act(1, (node) => {
        if (provider.weather.failing === undefined || !isQuietSince(1e9)) return
        timeline.after(500, () => {
          if (!isStopped) scene.kill(node)
        })
      })
    } else if (theme === 'losses') {
      scene.on.sent = act(1, ({ process }) => {
        if (!isQuietSince(30_000)) return
        store.noise = { ...NO_NOISE, lost: 0.3, refused: 0.05, unanswered: 0.02 }
        store.victim = process
      })
      scene.on.delivered = ({ process }) => {
        if (process === store.victim) store.noise = NO_NOISE
      }
    } else if (theme === 'slow looks') {
      for (let ends = 6; ends > 0; ends--)
        timeline.after(random.between(5_000, 95_000), () => endDuringLooks())
    } else if (theme === 'sleep') {
      scene.on.marked = (process) => {
        const node = nodes.find((one) => one.process === process)
        if (isStopped || node === undefined || !random.chance(0.2) || !isQuietSince(20_000)) return
        timeline.after(random.between(0, 500), () =>
          scene.freeze(node, random.between(6_000, 20_000), true),
        )
      }
    } else if (theme === 'refusal') {
      scene.on.sent = act(0.5, (node) => {
        if (isQuietSince(30_000)) scene.freeze(node, random.between(11_000, 16_000), false)
      })
    } else if (theme === 'undone') {
      for (let logins = 6; logins > 0; logins--)
        timeline.after(random.between(5_000, 95_000), () => undoLogin())
      scene.on.sent = act(0.2, (node) => {
        if (isQuietSince(20_000)) strike(random.pick(rough), node)
      })
    } else if (theme === 'pauses') {
      timeline.after(random.between(20_000, 60_000), () => {
        provider.weather.failing = { status: 503, retryAfterMs: 20_000 }
      })
    } else {
      scene.on.sent = act(0.5, () => {
        const node = someNode()
        timeline.after(random.between(10, 2_000), () => {
          if (isStopped || node?.process.isAlive() !== true) return
          void scene.end(node, 'g').then(() => scene.logIn(node, 'g'))
        })
      })
    }
  }

  return {
    plan(until) {
      if (world.theme !== undefined) {
        follow(world.theme)
        return
      }
      const isNoisy = random.chance(0.35)
      const some = isNoisy ? noisy : rough
      if (isNoisy) {
        const each = random.pick([0.02, 0.08])
        store.noise = { refused: each, lost: each, unanswered: each, late: each, slow: each }
      }
      watch(some, random.pick([0, 0.1, 0.3]))
      for (let count = random.whole(0, left); count > 0; count--) {
        timeline.after(random.between(1_000, until), () => {
          const node = someNode()
          if (node !== undefined) strike(random.pick(some), node)
        })
      }
    },

    stop() {
      isStopped = true
      store.noise = NO_NOISE
      store.victim = undefined
    },
  }
}
