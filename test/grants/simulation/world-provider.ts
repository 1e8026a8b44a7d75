import type { Connection, Connections, RefreshWays } from '../../../src/grants/refresh-ways.js'
import type { TokenSet } from '../../../src/options/token-set.js'
import type * as Engine from './engine.js'
import type { Random } from './random.js'
import type { Timeline } from './timeline.js'
import type { VirtualProcess } from './virtual-clock.js'

/**
 * What a provider does with refresh tokens. `strict`: each works once, the use of an older one ends the family. `lenient`: an
 * older one is only refused. `grace`: as `strict`, but the last one works again for some seconds. `fixed`: they never change.
 */
export type Rotation = 'strict' | 'lenient' | 'grace' | 'fixed'

/** All tokens that come from one login. */
export interface Family {
  readonly name: string
  readonly grant: string
  readonly begunAt: number
  /** The number of the newest refresh token. */
  newest: number
  /** How many refresh tokens were issued. */
  issued: number
  /** The request that brought the newest refresh token. */
  newestBy?: TokenRequest
  previous?: { readonly token: number; readonly usedAt: number }
  ended?: { readonly by: 'reuse' | 'revoked'; readonly at: number }
}

/** A refresh as the world sees it. */
export interface TokenRequest {
  readonly process: VirtualProcess
  readonly family: Family
  /** The number of the refresh token that was sent. */
  readonly token: number
  readonly sentAt: number
  arrivedAt?: number
  /** What came of it at the provider. */
  outcome?: 'tokens' | 'refused' | 'failed'
  /** How long the provider wants no further request, in **milliseconds**. */
  retryAfterMs?: number
  /** The number of the new refresh token. */
  issued?: number
  deliveredAt?: number
  /** Whether the process has stopped waiting. */
  isAbandoned?: true
  /** Whether the network has lost the request or the answer. */
  isLost: boolean
}

/** How the provider and the way to it are at the moment. */
export interface Weather {
  /** **Milliseconds** before the request is written: signing. */
  signingMs: () => number
  /** **Milliseconds** that the provider takes. */
  answerMs: () => number
  /** How likely a request or an answer is lost on the network. */
  loss: number
  /** How likely the request has to be repeated with a nonce. */
  nonce: number
  /** What the provider answers instead of tokens. */
  failing: { readonly status: number; readonly retryAfterMs?: number } | undefined
}

/** The provider of a world. */
export interface WorldProvider {
  readonly families: Family[]
  readonly requests: TokenRequest[]
  readonly weather: Weather
  readonly logIn: (grant: string, process: VirtualProcess) => TokenSet
  readonly waysOf: (process: VirtualProcess, settings: WaysSettings) => RefreshWays
  /** Cuts a process off from the provider, or ends that. */
  readonly cut: (process: VirtualProcess, isCut: boolean) => void
  readonly connectionsOf: (process: VirtualProcess) => WorldConnections | undefined
}

export interface WaysSettings {
  readonly timeoutMs: number
  readonly renewInBackground: boolean
  readonly refreshBeforeSeconds: number
}

/** What {@link createWorldProvider} needs. */
export interface WorldProviderParts {
  readonly timeline: Timeline
  readonly random: Random
  readonly engine: typeof Engine
  readonly rotation: Rotation
  /** **Milliseconds** that access tokens live. */
  readonly lifeMs: number
  readonly graceMs: number
  readonly connectionLimit: number
  /** Called before a request is written, when the engine has agreed to it. */
  readonly onSent: (request: TokenRequest) => void
  /**
   * Called when the provider has dealt with the request. `newestBy` is the request that brought a newer refresh token, if
   * this one has used an older.
   */
  readonly onArrived: (request: TokenRequest, newestBy: TokenRequest | undefined) => void
  readonly onDelivered: (request: TokenRequest) => void
  readonly onRefused: (process: VirtualProcess) => void
  readonly fault: (what: string) => void
}

export interface WorldConnections extends Connections {
  readonly held: () => number
}

export const STRATEGY = 'a strategy'

/** Which family and which token of it these tokens are. */
export function identify(token: string): { family: string; number: number } {
  const [, family = '', number = ''] = token.split('.')
  return { family, number: Number(number) }
}

/** Creates a {@link WorldProvider}. */
export function createWorldProvider(parts: WorldProviderParts): WorldProvider {
  const { timeline, random, engine, rotation, lifeMs, graceMs, connectionLimit } = parts
  const families: Family[] = []
  const requests: TokenRequest[] = []
  const cutOff = new Set<VirtualProcess>()
  const connections = new Map<VirtualProcess, WorldConnections>()
  const weather: Weather = {
    signingMs: () => random.between(0, 3),
    answerMs: () => random.between(10, 300),
    loss: 0,
    nonce: 0,
    failing: undefined,
  }

  function tokensOf(
    { name }: Family,
    access: number,
    refresh: number,
    expiresAt: number,
  ): TokenSet {
    return {
      accessToken: `a.${name}.${access}`,
      tokenType: 'bearer',
      expiresAt,
      refreshToken: `r.${name}.${rotation === 'fixed' ? 0 : refresh}`,
    }
  }

  /** What the provider does with a request. */
  function decide(request: TokenRequest): void {
    const { family, token } = request
    request.arrivedAt = timeline.time()
    const newest = rotation === 'fixed' ? 0 : family.newest
    if (family.ended !== undefined) {
      request.outcome = 'refused'
      parts.onArrived(request, undefined)
      return
    }
    if (weather.failing !== undefined) {
      request.outcome = 'failed'
      const { retryAfterMs } = weather.failing
      if (retryAfterMs !== undefined) request.retryAfterMs = retryAfterMs
      parts.onArrived(request, token !== newest ? family.newestBy : undefined)
      return
    }
    const { previous } = family
    const isInGrace =
      rotation === 'grace' &&
      previous?.token === token &&
      timeline.time() < previous.usedAt + graceMs
    if (token !== newest && !isInGrace) {
      request.outcome = 'refused'
      if (rotation !== 'lenient') family.ended = { by: 'reuse', at: timeline.time() }
      parts.onArrived(request, family.newestBy)
      return
    }
    const isReuse = token !== newest
    const earlier = family.newestBy
    request.outcome = 'tokens'
    if (!isReuse) family.previous = { token, usedAt: timeline.time() }
    family.issued += 1
    family.newest = request.issued = family.issued
    family.newestBy = request
    parts.onArrived(request, isReuse ? earlier : undefined)
  }

  function answerTo(request: TokenRequest, expiresAt: number): TokenSet {
    const { outcome, issued = 0, retryAfterMs } = request
    if (outcome === 'tokens') return tokensOf(request.family, issued, issued, expiresAt)
    const status = outcome === 'refused' ? 400 : retryAfterMs === undefined ? 500 : 429
    const facts = {
      phase: 'refresh',
      httpStatus: status,
      ...(outcome === 'refused' && { error: 'invalid_grant' }),
    }
    const error = new engine.TokenEndpointError('The token endpoint has refused.', facts)
    throw retryAfterMs === undefined ? error : Object.assign(error, { retryAfterMs })
  }

  function networkError(networkCode: string): Error {
    return new engine.TokenEndpointError('No answer.', { phase: 'refresh', networkCode })
  }

  function pauseIn({ clock }: VirtualProcess, ms: number): Promise<void> {
    return new Promise((resolve) => {
      clock.timer(ms, resolve)
    })
  }

  /** There and back: resolves when the answer has arrived, or the connection has failed. */
  function exchange(
    process: VirtualProcess,
    work: () => void,
    ms: number,
    lossOf: number,
  ): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (arrived: boolean): void => process.deliver(() => resolve(arrived))
      const isLost = (): boolean => cutOff.has(process) || random.chance(lossOf)
      const fail = (): void => {
        timeline.after(random.between(1, 20_000), () => end(false))
      }
      timeline.after(
        random.chance(0.05) ? random.between(50, 1_500) : random.between(1, 40),
        () => {
          if (isLost()) {
            fail()
            return
          }
          work()
          timeline.after(ms + random.between(1, 40), () => {
            if (isLost()) fail()
            else end(true)
          })
        },
      )
    })
  }

  async function refresh(
    process: VirtualProcess,
    tokens: TokenSet,
    { beforeWrite, connection, timeoutMs }: Parameters<RefreshWays['refresh']>[1],
  ): Promise<TokenSet> {
    await pauseIn(process, weather.signingMs())
    if (cutOff.has(process)) throw networkError('ECONNREFUSED')
    if (random.chance(weather.nonce)) {
      beforeWrite()
      const wasAsked = await exchange(process, () => undefined, random.between(5, 4_000), 0)
      if (!wasAsked) throw networkError('ECONNRESET')
      await pauseIn(process, weather.signingMs())
    }
    beforeWrite()
    const expiresAt = process.clock.now() + lifeMs
    if (!held(connection)) parts.fault('a refresh was sent over a connection that was released')
    const { family: name, number } = identify(tokens.refreshToken ?? '')
    const family = families.find((one) => one.name === name)
    if (family === undefined) throw new Error(`There is no family ${name}.`)
    const request: TokenRequest = {
      process,
      family,
      token: number,
      sentAt: timeline.time(),
      isLost: false,
    }
    requests.push(request)
    parts.onSent(request)
    const work = (): void => decide(request)
    const isAnswered = exchange(process, work, weather.answerMs(), weather.loss)
    const late = new Promise<'late'>((resolve) => {
      process.clock.timer(timeoutMs, () => resolve('late'))
    })
    const answered = await Promise.race([isAnswered, late])
    if (answered !== true) {
      if (answered === false) request.isLost = true
      else request.isAbandoned = true
      throw networkError(answered === 'late' ? 'timeout' : 'ECONNRESET')
    }
    request.deliveredAt = timeline.time()
    parts.onDelivered(request)
    return answerTo(request, expiresAt)
  }

  const heldConnections = new WeakSet<Connection>()
  const held = (connection: Connection): boolean => heldConnections.has(connection)

  function createConnections(process: VirtualProcess): WorldConnections {
    let free = connectionLimit
    let pausedUntil = -Infinity
    const queue: { urgent: boolean; go: () => void }[] = []
    const take = (waited: boolean): Connection => {
      free -= 1
      const connection: Connection = {
        waited,
        release() {
          if (!heldConnections.delete(connection)) return
          free += 1
          const index = queue.findIndex(({ urgent }) => urgent)
          queue.splice(Math.max(0, index), 1)[0]?.go()
        },
      }
      heldConnections.add(connection)
      return connection
    }
    return {
      held: () => connectionLimit - free,
      acquire(urgent) {
        if (free > 0) return Promise.resolve(take(false))
        return new Promise((resolve) => {
          queue.push({ urgent, go: () => resolve(take(true)) })
        })
      },
      pause(ms) {
        pausedUntil = Math.max(pausedUntil, process.clock.monotonic() + ms)
      },
      pausedForMs: () => Math.max(0, pausedUntil - process.clock.monotonic()),
    }
  }

  return {
    families,
    requests,
    weather,
    connectionsOf: (process) => connections.get(process),

    logIn(grant, process) {
      const name = `${grant}${families.length}`
      const begunAt = timeline.time()
      const family: Family = { name, grant, begunAt, newest: 0, issued: 0 }
      families.push(family)
      return tokensOf(family, 0, 0, process.clock.now() + lifeMs)
    },

    cut(process, isCut) {
      if (isCut) cutOff.add(process)
      else cutOff.delete(process)
    },

    waysOf(process, settings) {
      const own = createConnections(process)
      connections.set(process, own)
      return {
        ...settings,
        strategy: STRATEGY,
        connections: own,
        refresh: (tokens, control) => refresh(process, tokens, control),
        refusalOf: (error) =>
          error instanceof engine.TokenEndpointError && error.error === 'invalid_grant'
            ? 'invalid_grant'
            : undefined,
        async revoke({ refreshToken = '' }) {
          await pauseIn(process, 50)
          const family = families.find(({ name }) => name === identify(refreshToken).family)
          if (family !== undefined) family.ended ??= { by: 'revoked', at: timeline.time() }
        },
        onRefused: () => parts.onRefused(process),
        around: (renewal) => renewal(),
      }
    },
  }
}
