import type { Diagnostics } from '../diagnostics/watch.js'
import { ConfigurationError } from '../errors/errors.js'
import { accountName } from '../grants/grant-index.js'
import type { GrantOwner } from '../grants/grant-record.js'
import { createProcessParts, partsOf } from '../grants/grants.js'
import type { GrantParts } from '../grants/grants.js'
import { idInSession, tokensInSession } from '../grants/holding.js'
import type { Holding } from '../grants/holding.js'
import type { RefreshWays } from '../grants/refresh-ways.js'
import { createRequestGrants } from '../grants/request-grants.js'
import type { RequestGrants } from '../grants/request-grants.js'
import { createSessionEntries } from '../grants/session-entry.js'
import { systemClock, wait } from '../lib/clock.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { strategyIdOf } from '../options/read-options.js'
import type { Settings } from '../options/read-options.js'

/** The grants of one strategy. */
export interface ComposedGrants extends GrantParts {
  readonly holding: Holding
  readonly requestGrants: RequestGrants
  /** The application's own id of the person; `undefined` without the option `grants`, and if the user has none. */
  readonly accountOf: (user: object) => string | undefined
  /** How long a grant lives that is not used, in **milliseconds**. */
  readonly lifetimeOf: (session: LoginSession) => number
  /** Resolves when no renewal is under way, or the time is up: to the number of those that still are. */
  readonly idle: (timeoutMs: number) => Promise<number>
}

/** How a strategy talks to its provider about its grants. */
export type ProviderWays = Pick<RefreshWays, 'refresh' | 'refusalOf' | 'revoke' | 'connections'>

/** What all strategies of this process share whose tokens are in the sessions. */
let processParts: GrantParts | undefined

/** How long a grant lives at least that is not used, in **milliseconds**: two weeks. */
const SHORTEST_LIFE_MS = 14 * 24 * 60 * 60 * 1000

/** Puts together how a strategy keeps its grants: in the sessions, or in the store of the option `grants`. */
export function composeGrants(
  settings: Settings,
  provider: ProviderWays,
  { watch, report }: Diagnostics,
): ComposedGrants {
  const { sessionKey, timeoutMs, grants, name } = settings
  const strategy = strategyIdOf(settings)
  const parts = grants === undefined ? (processParts ??= createProcessParts()) : partsOf(grants)
  parts.onStoreFailure((method) => report('storage', { outcome: 'failed', reason: method }))
  const accountOf = (user: object): string | undefined =>
    grants === undefined ? undefined : accountIn(settings.accountOf(user as never))

  function ownerOf(request: LoginRequest): GrantOwner {
    const { user } = request as LoginRequest & { readonly user?: object }
    const account = user === undefined ? undefined : accountOf(user)
    return { account, names: account === undefined ? [] : [accountName(name, account)] }
  }

  let isForeignReported = false
  const reportForeign = (): void => {
    if (isForeignReported) return
    isForeignReported = true
    report('several_processes', { outcome: 'failed', reason: 'ERR_SEVERAL_PROCESSES' })
  }
  const holdingParts = {
    sessionKey,
    strategy,
    timeoutMs,
    engine: parts.engine,
    entries: createSessionEntries({ ...settings, owner: strategy }),
    lifetimeMs: SHORTEST_LIFE_MS,
  }
  const holding =
    grants === undefined
      ? tokensInSession(holdingParts, reportForeign)
      : idInSession(holdingParts, ownerOf, parts.index.link)

  const ways: RefreshWays = {
    ...provider,
    strategy,
    timeoutMs,
    scopeSeparator: settings.scopeSeparator,
    refreshBeforeSeconds: settings.refreshBeforeSeconds,
    renewInBackground: settings.renewInBackground,
    around: watch(
      'renewal',
      (renewal) => renewal(),
      ({ source, tookOver }) => ({
        outcome: 'ok',
        reason: tookOver ? 'took_over' : source,
      }),
    ),
    onRefused({ account }, reason) {
      report('grant_end', { outcome: 'refused', reason })
      callOnGrantRefused(settings, account, reason)
    },
  }

  return {
    ...parts,
    holding,
    accountOf,
    requestGrants: createRequestGrants({ sessionKey, timeoutMs, holding, ways, ...parts }),
    lifetimeOf: lifetimeOfSession,
    async idle(timeoutMs) {
      const until = systemClock.monotonic() + timeoutMs
      const busy = await parts.engine.idle(strategy, timeoutMs)
      // The tokens of a renewal that is over may be on their way into the session.
      while (holding.busy() > 0 && systemClock.monotonic() < until) await wait(systemClock, 20)
      return busy + holding.busy()
    },
  }
}

/**
 * As long as the session could live if the next request comes just before it ends, and the one before came just before
 * the grant would have been prolonged.
 */
function lifetimeOfSession({ cookie }: LoginSession): number {
  const { originalMaxAge } = cookie as { readonly originalMaxAge?: unknown }
  const maxAgeMs = typeof originalMaxAge === 'number' ? originalMaxAge : 0
  return Math.max(SHORTEST_LIFE_MS, 2 * maxAgeMs)
}

/** @throws {ConfigurationError} if it cannot be an account id */
function accountIn(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' && value !== '') return value
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  throw new ConfigurationError(
    'accountOf must return a string that is not empty, a number, or undefined. Without the option, it is the id of the user that verify returns.',
    'accountOf',
  )
}

/** Errors that the application's function throws are ignored: the refusal has happened. */
function callOnGrantRefused(
  { onGrantRefused, name }: Settings,
  account: string | undefined,
  reason: string,
): void {
  if (onGrantRefused === undefined) return
  const refusal = { strategy: name, reason, ...(account !== undefined && { account }) }
  Promise.resolve(refusal)
    .then(onGrantRefused)
    .catch(() => undefined)
}
