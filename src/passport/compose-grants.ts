import type { Diagnostics } from '../diagnostics/watch.js'
import { claimsIn } from '../endpoints/id-token.js'
import { ConfigurationError } from '../errors/errors.js'
import { createAccountGrants } from '../grants/account-grants.js'
import { createAdoptedOwners } from '../grants/adopted-owner.js'
import { createBeginLogin } from '../grants/begin-login.js'
import type { BeginLogin } from '../grants/new-tokens.js'
import { createEnding } from '../grants/ending.js'
import type { Ending } from '../grants/ending.js'
import { createIsPersonAlive } from '../grants/person-grants.js'
import { createGrantJobs } from '../grants/grant-jobs.js'
import { createProcessParts, partsOf } from '../grants/grants.js'
import type { GrantParts } from '../grants/grants.js'
import { idInSession, tokensInSession } from '../grants/holding.js'
import type { Holding } from '../grants/holding.js'
import { createListing } from '../grants/strategy-jobs.js'
import type { GrantJobs, Listing } from '../grants/strategy-jobs.js'
import type { RefreshWays } from '../grants/refresh-ways.js'
import { createHeldGrants } from '../grants/held-grants.js'
import type { HeldGrants } from '../grants/held-grants.js'
import { createListGrants } from '../grants/list-grants.js'
import type { ListGrants } from '../grants/list-grants.js'
import { createLoginCheck } from '../grants/login-check.js'
import type { LoginCheck } from '../grants/login-check.js'
import { createRevoking } from '../grants/revoking.js'
import type { Revoking } from '../grants/revoking.js'
import { createSessionEntries } from '../grants/session-entry.js'
import { scopesOf } from '../grants/scope-set.js'
import { createSessionGrant } from '../grants/session-grant.js'
import { once } from '../lib/once.js'
import { systemClock, wait } from '../lib/clock.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { createSeal } from '../lib/sealing.js'
import type { Seal } from '../lib/sealing.js'
import { createUnderWay } from '../lib/under-way.js'
import type { UnderWay } from '../lib/under-way.js'
import { strategyIdOf } from '../options/read-options.js'
import type { KnownSettings } from '../options/read-options.js'
import type { TokenSet } from '../options/token-set.js'
import { lifetimeOfSession, SHORTEST_LIFE_MS } from '../session/session-lifetime.js'
import { noteSessionStore, seenSessionStore } from '../session/seen-session-store.js'
import { createAccountOf } from './account-of.js'
import type { AccountOf } from './account-of.js'

/** The grants of one strategy. */
export interface ComposedGrants extends GrantParts {
  readonly holding: Holding
  readonly heldGrants: HeldGrants
  readonly listGrants: ListGrants
  readonly ending: Ending
  readonly loginCheck: LoginCheck
  /** Takes note of the request's session store, in which sessions of others can be ended. */
  readonly noteRequest: (request: LoginRequest) => void
  readonly beginLogin: BeginLogin
  readonly revoking: Revoking
  /** What the strategy does for the jobs of its grants. */
  readonly jobs: GrantJobs | undefined
  readonly listing: Listing
  /** The application's own id of the person; `undefined` without the option `grants`, and if the user has none. */
  readonly accountOf: AccountOf
  /** How long a grant lives that is not used, in **milliseconds**. */
  readonly lifetimeOf: (session: LoginSession | undefined) => number
  /**
   * Resolves when no renewal, no revocation and no logout of the provider is under way, or the time is up: to the number of
   * those that still are.
   */
  readonly idle: (timeoutMs: number) => Promise<number>
}

/** How a strategy talks to its provider about its grants. */
export interface ProviderWays extends Pick<RefreshWays, 'refresh' | 'refusalOf' | 'connections'> {
  /** Revokes the token sets of a grant. Never rejects. */
  readonly revoke: (tokens: readonly TokenSet[]) => Promise<void>
}

/** What all strategies of this process share whose tokens are in the sessions. */
let processParts: GrantParts | undefined

/** Puts together how a strategy keeps its grants: in the sessions, or in the store of the option `grants`. */
export function composeGrants(
  settings: KnownSettings,
  provider: ProviderWays,
  { watch, report }: Diagnostics,
): ComposedGrants {
  const { sessionKey, timeoutMs, grants, name } = settings
  const strategy = strategyIdOf(settings)
  const parts = grants === undefined ? (processParts ??= createProcessParts()) : partsOf(grants)
  reportStore(parts, report)
  const accountGrants =
    grants === undefined ? undefined : createAccountGrants({ ...parts, name, strategy })
  const underWay = createUnderWay()
  const revoking = countedRevoking(
    createRevoking({
      ...settings,
      client: settings,
      strategy,
      revoke: provider.revoke,
      isPersonAlive:
        grants === undefined ? undefined : createIsPersonAlive({ ...parts, client: settings }),
    }),
    underWay,
  )
  const accountOf = grants === undefined ? () => undefined : createAccountOf(settings.accountOf)

  /** The account of who is logged in on a request. */
  function accountOn(request: LoginRequest): string | undefined {
    const { user } = request as LoginRequest & { readonly user?: object }
    return user === undefined ? undefined : accountOf(user)
  }

  const reportForeign = once(() => {
    report('several_processes', { outcome: 'failed', reason: 'ERR_SEVERAL_PROCESSES' })
  })
  const holdingParts = {
    sessionKey,
    strategy,
    timeoutMs,
    engine: parts.engine,
    entries: createSessionEntries({ ...settings, owner: strategy }),
    lifetimeMs: SHORTEST_LIFE_MS,
  }
  const found =
    grants === undefined
      ? tokensInSession(holdingParts, reportForeign)
      : idInSession(
          holdingParts,
          createAdoptedOwners({ ...parts, settings, accountOn, claimsOf: claimsIn, revoking }),
        )

  // Sessions of other people's requests can then be ended too.
  let sessionStore: object | undefined
  function noteRequest(request: LoginRequest): void {
    sessionStore = request.sessionStore ?? sessionStore
    noteSessionStore(request)
  }
  const holding: Holding = {
    ...found,
    find(request) {
      noteRequest(request)
      return found.find(request)
    },
  }

  const ways: RefreshWays = {
    ...provider,
    revoke: (tokens, of, gone) =>
      gone === 'ended'
        ? revoking.loggedOut({ tokens: [tokens], of, strategy })
        : revoking.unwanted([tokens], of),
    strategy,
    timeoutMs,
    scopeSeparator: settings.scopeSeparator,
    usualScope: [...scopesOf(settings.scope ?? '')],
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

  const shared = { ...parts, sessionKey, strategy, name, holding, ways, revoking, accountGrants }
  const sessionGrant = createSessionGrant({
    ...shared,
    timeoutMs,
    ofAccount:
      accountGrants !== undefined &&
      settings.grantLifetime === 'account' &&
      settings.tenant === undefined
        ? { grants: accountGrants, accountOn }
        : undefined,
  })
  const ending = createEnding({
    ...shared,
    sessionGrant,
    underWay,
    sessionStore: () => sessionStore ?? seenSessionStore(),
    onEnded: () => report('grant_end', { outcome: 'ok', reason: 'end_grant' }),
  })
  refuseSameName(parts, name, strategy)
  const jobs =
    grants === undefined
      ? undefined
      : createGrantJobs({ ...shared, client: settings, erase: ending.erase })
  const listing = createListing(parts.strategies, strategy, jobs)
  listing.add()

  return {
    ...parts,
    jobs,
    listing,
    pendingSeal: parts.pendingSeal ?? sealOf(settings),
    index: { ...parts.index, end: underWay.counted(parts.index.end) },
    holding,
    accountOf,
    revoking,
    ending,
    noteRequest,
    loginCheck: createLoginCheck({
      ...{ ...shared, sessionGrant },
      tenant: settings.tenant,
      hasStore: grants !== undefined,
    }),
    heldGrants: createHeldGrants({ ...shared, sessionGrant }),
    listGrants: createListGrants({ ...shared, sessionGrant, accountOn }),
    beginLogin: createBeginLogin({ ...shared, settings, isListed: grants !== undefined }),
    lifetimeOf: lifetimeOfSession,
    async idle(timeoutMs) {
      const until = systemClock.monotonic() + timeoutMs
      const busy = await parts.engine.idle(strategy, timeoutMs)
      // The tokens of a renewal that is over may be on their way into the session.
      const left = (): number => holding.busy() + underWay.count()
      while (left() > 0 && systemClock.monotonic() < until) await wait(systemClock, 20)
      return busy + left()
    },
  }
}

/** The same, and what is under way is counted: much of it happens after the answer to a request. */
function countedRevoking(
  { ended, loggedOut, replaced, unwanted, discard }: Revoking,
  { counted }: UnderWay,
): Revoking {
  return {
    ended: counted(ended),
    loggedOut: counted(loggedOut),
    replaced: counted(replaced),
    unwanted: counted(unwanted),
    discard: counted(discard),
  }
}

/** Where the tokens in the sessions are sealed, the code verifiers of pending logins are as well. */
function sealOf({ tokenSecret }: KnownSettings): Seal | undefined {
  return tokenSecret === undefined ? undefined : createSeal(tokenSecret, 'pending logins')
}

/**
 * Grants are listed by the strategy's name: under one name, a person of one provider could be taken for another's.
 *
 * @throws {ConfigurationError} if another strategy with these grants has the name
 */
function refuseSameName({ strategies }: GrantParts, name: string, strategy: string): void {
  const isTaken = [...strategies.present()].some(
    ([id, other]) => id !== strategy && other.name === name,
  )
  if (!isTaken) return
  throw new ConfigurationError(
    `Two providers with the name '${name}' share one store of grants, which is listed by name. Give each its own, such as name: '${name}-2', and use it in passport.authenticate too.`,
    'name',
  )
}

/**
 * Reports what happens to the store. The parts keep these functions longer than the application may keep the strategy:
 * they hold nothing else of it.
 */
function reportStore(parts: GrantParts, report: Diagnostics['report']): void {
  parts.onStoreFailure((method) => report('storage', { outcome: 'failed', reason: method }))
  parts.onForeignSecret(
    once(() => report('another_secret', { outcome: 'failed', reason: 'ERR_STORAGE' })),
  )
}

/** Errors that the application's function throws are ignored: the refusal has happened. */
function callOnGrantRefused(
  { onGrantRefused, name }: KnownSettings,
  account: string | undefined,
  reason: string,
): void {
  if (onGrantRefused === undefined) return
  const refusal = { strategy: name, reason, ...(account !== undefined && { account }) }
  Promise.resolve(refusal)
    .then(onGrantRefused)
    .catch(() => undefined)
}
