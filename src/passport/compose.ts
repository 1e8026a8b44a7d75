import { createClientAuthentication } from '../client/client-authentication.js'
import { createClientKeys, readSigningKey } from '../client/client-keys.js'
import type { ClientKeys } from '../client/client-keys.js'
import { createProofOfPossession } from '../client/dpop.js'
import { createClientRequest, createResourceClient } from '../client/requests.js'
import type { ResourceClient } from '../client/requests.js'
import { createTransport } from '../client/transport.js'
import type { Transport } from '../client/transport.js'
import { redirectEvent, visitEvent } from '../diagnostics/browser-events.js'
import type { Conclusion } from '../diagnostics/events.js'
import { observedPendingLogins } from '../diagnostics/observed-pending-logins.js'
import { observedTransport } from '../diagnostics/observed-transport.js'
import { createDiagnostics } from '../diagnostics/watch.js'
import type { Diagnostics } from '../diagnostics/watch.js'
import { createAuthorizationEndpoint } from '../endpoints/authorization.js'
import { createRequestProfile } from '../endpoints/profile.js'
import type { ReadProfile } from '../endpoints/profile.js'
import { createProviderJwtVerifier } from '../endpoints/provider-jwt.js'
import { createPushedAuthorizationRequest } from '../endpoints/pushed-authorization-request.js'
import { createRevocationEndpoint, createRevokeTokens } from '../endpoints/revocation.js'
import { openSignedResponse } from '../endpoints/signed-response.js'
import { createTokenEndpoint } from '../endpoints/token.js'
import { MemoryLedger } from '../grants/memory.js'
import { createRefreshGrant, createRenewGrant } from '../grants/renew-grant.js'
import { createSessionTokens } from '../grants/session-tokens.js'
import type { SessionTokens } from '../grants/session-tokens.js'
import { createTokenEntries } from '../grants/token-entry.js'
import type { LoginRequest } from '../lib/login-request.js'
import { backchannelLogout, createEndLogin } from '../login/backchannel-logout.js'
import { createFinishLogin } from '../login/finish-login.js'
import type { FinishLogin, LoginOutcome, LoginToVerify } from '../login/finish-login.js'
import { createStoreTokens } from '../login/store-tokens.js'
import { logOut } from '../login/log-out.js'
import type { GrantHolder } from '../login/log-out.js'
import { startProviderLogout } from '../login/provider-logout.js'
import { sessionPendingLogins } from '../login/session-pending-logins.js'
import { createStartLogin } from '../login/start-login.js'
import type { StartLogin } from '../login/start-login.js'
import { strategyIdOf } from '../options/read-options.js'
import type { Settings } from '../options/read-options.js'

/** What one strategy can do: its use cases, with everything they need built in and with diagnostics around them. */
export interface UseCases {
  readonly startLogin: StartLogin
  readonly finishLogin: FinishLogin
  /** @param strategies the strategies of the application */
  readonly logOut: (
    request: LoginRequest,
    strategies: readonly GrantHolder[],
  ) => Promise<string | undefined>
  readonly endGrant: (request: LoginRequest) => Promise<void>
  readonly backchannelLogout: (request: LoginRequest) => Promise<void>
  /** The profile that belongs to an access token, from `profileURL`. */
  readonly requestProfile: ReadProfile
  readonly sessionTokens: SessionTokens
  readonly resources: ResourceClient
  readonly transport: Transport
  readonly diagnostics: Diagnostics
  /** Lets other strategies end this one's grant when they log out of the same session. */
  readonly grantHolder: GrantHolder
  /** The client's own keys, if it has any. */
  readonly keys: ClientKeys | undefined
}

/** The ledger that all strategies of this process share if they were given none. */
let processLedger: MemoryLedger | undefined

/** How long the ledger remembers a grant whose refresh token's lifetime is unknown, in **milliseconds**. */
const DEFAULT_KEEP_MS = 90 * 24 * 60 * 60 * 1000

/** How much longer than a token request a renewal may take: signing, sealing, writing, a busy process. */
const LEASE_MARGIN_MS = 10_000

/**
 * Puts the parts of a strategy together. All wiring is here: each part gets what it needs as parameters, and
 * the diagnostics wrap the parts, which do not know of them.
 *
 * @throws {ConfigurationError} if the credentials are missing or cannot be used
 */
export function composeUseCases(
  settings: Settings,
  verify: (login: LoginToVerify) => Promise<unknown>,
): UseCases {
  const diagnostics = createDiagnostics(settings.name)
  const { watch, reportAfter, flow, observe, observation } = diagnostics
  const strategyId = strategyIdOf(settings)
  const { sessionKey, privateKey, dpopKey } = settings

  // How requests leave.
  const transport = observedTransport(createTransport(settings), diagnostics)
  const keys = privateKey === undefined ? undefined : createClientKeys({ ...settings, privateKey })
  const dpop =
    dpopKey === undefined ? undefined : createProofOfPossession(readSigningKey(dpopKey, 'dpopKey'))
  const authenticate = createClientAuthentication(settings, keys)
  const request = createClientRequest(settings, transport, authenticate, dpop)
  const resources = createResourceClient(transport, dpop)

  // The provider's endpoints.
  const verifyJwt = createProviderJwtVerifier(settings, transport)
  const tokenEndpoint = createTokenEndpoint(settings, request, verifyJwt)
  const { pushedAuthorizationRequestURL, revocationURL, timeoutMs } = settings
  const push =
    pushedAuthorizationRequestURL === undefined
      ? undefined
      : watch('push', createPushedAuthorizationRequest(pushedAuthorizationRequestURL, request))
  const signingKeys = settings.signedAuthorizationRequests ? keys : undefined
  const revoke = createRevokeTokens(
    revocationURL === undefined
      ? undefined
      : watch(
          'revocation',
          createRevocationEndpoint(revocationURL, timeoutMs, request),
          (status): Conclusion =>
            status < 400 ? { outcome: 'ok' } : { outcome: 'refused', reason: `http_${status}` },
        ),
  )

  // The grants in the sessions.
  const ledger = settings.ledger ?? (processLedger ??= new MemoryLedger())
  const keepMs = (settings.refreshTokenLifetimeSeconds ?? 0) * 1000 || DEFAULT_KEEP_MS
  const entries = createTokenEntries({ ...settings, owner: strategyId })
  const refreshGrant = reportAfter(
    'grant_end',
    createRefreshGrant(watch('refresh', tokenEndpoint.refresh), settings.refreshBeforeSeconds),
    (refreshed) =>
      refreshed.outcome === 'ended' && refreshed.reason !== undefined
        ? { outcome: 'refused', reason: refreshed.reason }
        : undefined,
  )
  const renewGrant = watch(
    'renewal',
    createRenewGrant({
      sessionKey,
      ledger,
      timeoutMs,
      entries,
      refreshGrant,
      revoke,
      limits: { leaseMs: timeoutMs + LEASE_MARGIN_MS, keepMs },
    }),
    ({ source }) => ({ outcome: 'ok', reason: source }),
  )
  const sessionTokens = createSessionTokens({
    sessionKey,
    ledger,
    keepMs,
    timeoutMs,
    entries,
    renewGrant,
  })
  const endBy = (reason: string) =>
    reportAfter('grant_end', sessionTokens.end, (tokens) =>
      tokens === undefined ? undefined : { outcome: 'ok', reason },
    )
  const grantHolder: GrantHolder = { endGrant: endBy('logout'), revoke }
  const endForGood = endBy('end_grant')

  // The use cases.
  const pendingLogins = observedPendingLogins(
    settings.pendingLogins ?? sessionPendingLogins(settings),
    diagnostics,
  )
  const startLogin = createStartLogin({
    settings,
    strategyId,
    pendingLogins,
    authorizationEndpoint: createAuthorizationEndpoint(settings, signingKeys, push),
    dpopThumbprint: dpop?.thumbprint,
  })
  const storeTokens = createStoreTokens({
    settings,
    entries,
    revoke,
    ledger,
    forget: sessionTokens.forget,
  })
  const finishLogin = createFinishLogin({
    settings,
    strategyId,
    pendingLogins,
    ledger,
    claimTtlMs: Math.max(settings.pendingLoginLifetimeMs, pendingLogins.lifetimeMs ?? 0),
    openResponse:
      settings.signedAuthorizationResponses && verifyJwt !== undefined
        ? (parameters) => openSignedResponse(parameters, verifyJwt)
        : undefined,
    exchangeCode: watch('exchange', tokenEndpoint.exchange),
    verify: watch('verify', verify, (user): Conclusion =>
      user ? { outcome: 'ok' } : { outcome: 'refused', reason: 'verify' },
    ),
    storeTokens: observe(storeTokens, async (...given) => {
      observation.emit(() => ({ type: 'store', action: 'keep', result: 'kept', durationMs: 0 }))
      await storeTokens(...given)
    }),
  })

  return {
    sessionTokens,
    resources,
    transport,
    diagnostics,
    grantHolder,
    keys,
    requestProfile: createRequestProfile(settings, resources),

    startLogin: flow('login', watch('login', startLogin), {
      before: (req) => visitEvent(req),
      after: redirectEvent,
    }),

    finishLogin: flow('callback', watch('callback', finishLogin, conclusionOf), {
      before: (req, parameters) => visitEvent(req, parameters),
    }),

    logOut: flow(
      'logout',
      (req: LoginRequest, strategies: readonly GrantHolder[]) =>
        logOut(req, {
          strategies,
          keepSession: settings.keepSession,
          self: grantHolder,
          providerLogout: (_, tokens) => startProviderLogout(req, tokens, settings),
        }),
      {
        before: (req) => visitEvent(req),
        after: (url) => (url === undefined ? undefined : redirectEvent(url)),
      },
    ),

    endGrant: flow(
      'end_grant',
      async (req: LoginRequest) => {
        const tokens = await endForGood(req)
        await sessionTokens.forget(req)
        if (tokens !== undefined) await revoke(tokens)
      },
      {},
    ),

    backchannelLogout: watch('backchannel_logout', (req: LoginRequest) =>
      backchannelLogout(req, {
        settings,
        ledger,
        keepMs,
        verifyJwt: settings.backchannelLogout ? verifyJwt : undefined,
        endLogin: reportAfter('grant_end', createEndLogin(sessionKey), (ended) =>
          ended ? { outcome: 'ok', reason: 'backchannel_logout' } : undefined,
        ),
      }),
    ),
  }
}

/** How a callback has ended. */
function conclusionOf(outcome: LoginOutcome): Conclusion {
  switch (outcome.action) {
    case 'fail':
      return { outcome: 'refused', reason: outcome.info.error ?? 'verify' }
    case 'redirect':
      return { outcome: 'ok', reason: 'repeated' }
    case 'success':
      return { outcome: 'ok' }
  }
}
