import { createClientAuthentication } from '../client/client-authentication.js'
import { createClientKeys, readSigningKey } from '../client/client-keys.js'
import type { ClientKeys } from '../client/client-keys.js'
import { createDecryption } from '../client/decryption-keys.js'
import { createProofOfPossession } from '../client/dpop.js'
import { joinedKeySets } from '../client/published-keys.js'
import { createResourceClient } from '../client/requests.js'
import { createTransport } from '../client/transport.js'
import type { Transport } from '../client/transport.js'
import { redirectEvent, visitEvent } from '../diagnostics/browser-events.js'
import type { Conclusion } from '../diagnostics/events.js'
import { observedPendingLogins } from '../diagnostics/observed-pending-logins.js'
import { observedTransport } from '../diagnostics/observed-transport.js'
import { createDiagnostics } from '../diagnostics/watch.js'
import type { Diagnostics } from '../diagnostics/watch.js'
import { createDecryptJwt } from '../endpoints/encrypted-jwt.js'
import { createProviderKeys, readKeySet } from '../endpoints/provider-keys.js'
import type { ProviderKeys } from '../endpoints/provider-keys.js'
import { refusalOfRefresh } from '../endpoints/refresh-refusal.js'
import { withPrivateNotes } from '../grants/claims.js'
import { createDropCovered } from '../grants/drop-covered.js'
import type { EndedLogin } from '../grants/engine.js'
import { createUndoLogin } from '../grants/undo-login.js'
import { systemClock } from '../lib/clock.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { Verified } from '../login/accepted-login.js'
import { createCallbackEnds } from '../login/callback-ends.js'
import { createConnectionOf } from '../login/connection.js'
import { createEndLoginHere } from '../login/end-login-here.js'
import { createFinishLogin } from '../login/finish-login.js'
import type { LoginToVerify, NewLogin } from '../login/finish-login.js'
import { createHandOver } from '../login/hand-over-login.js'
import type { KeepLoginParts } from '../login/login-attempt.js'
import { createPresentLogin } from '../login/present-login.js'
import { createEndReplacedLogins } from '../login/replaced-logins.js'
import { createSameCallbacks } from '../login/same-callback.js'
import { sessionPendingLogins } from '../login/session-pending-logins.js'
import { createStartLogin } from '../login/start-login.js'
import { createStepUp } from '../login/step-up.js'
import { createStoreTokens } from '../login/store-tokens.js'
import type { ReadOptions } from '../options/read-options-at-start.js'
import { strategyIdOf } from '../options/read-options.js'
import type { KnownSettings } from '../options/read-options.js'
import { adoptSession } from '../session/replace-session.js'
import { conclusionOf } from './callback-conclusion.js'
import { composeEndpoints } from './compose-endpoints.js'
import type { EndpointParts, Endpoints } from './compose-endpoints.js'
import { composeGrants } from './compose-grants.js'
import { composeLogouts } from './compose-logouts.js'
import { createIsTokenRefused } from './is-token-refused.js'
import { createProviderEndpoints } from './provider-endpoints.js'
import type { ProviderEndpoints } from './provider-endpoints.js'
import { hasLoginEnded } from './login-checks.js'
import { wantedOf } from './token-use.js'
import type { UseCases } from './use-cases.js'

/**
 * Puts the parts of a strategy together. All wiring is here: each part gets what it needs as parameters, and
 * the diagnostics wrap the parts, which do not know of them.
 *
 * @param strategies the strategies of the application that may have something in the session of a request, whenever they
 *   are needed; this one may be among them
 * @throws {ConfigurationError} if the credentials are missing or cannot be used
 */
export function composeUseCases(
  { settings, complete }: ReadOptions,
  verify: (login: LoginToVerify) => Promise<Verified>,
  strategies: (request: LoginRequest) => readonly UseCases[] = () => [],
): UseCases {
  const diagnostics = createDiagnostics(settings.name)
  const { watch, report, reportAfter, flow, observe, observation } = diagnostics
  const strategyId = strategyIdOf(settings)
  const { privateKey, decryptionKeys, dpopKey, timeoutMs } = settings

  // How requests leave.
  const transport = observedTransport(createTransport(settings), diagnostics)
  const decryption = decryptionKeys === undefined ? undefined : createDecryption(decryptionKeys)
  const dpop =
    dpopKey === undefined ? undefined : createProofOfPossession(readSigningKey(dpopKey, 'dpopKey'))
  const resources = createResourceClient(transport, dpop)

  // The provider's endpoints, which may be known later.
  const clientKeys = (of: KnownSettings): ClientKeys | undefined =>
    privateKey === undefined ? undefined : createClientKeys({ ...of, privateKey })
  const ownKeys = clientKeys(settings)
  const endpointParts: EndpointParts = {
    ...{ transport, resources, dpop },
    clientKeys: (of) => (of === settings ? ownKeys : clientKeys(of)),
    decryptJwt: createDecryptJwt(settings.encryptedResponses ?? [], decryption?.decrypt),
    providerKeys: createKeysByAddress(transport, report),
  }
  if (complete !== settings) checkCredentials(settings, ownKeys)
  const endpoints = createProviderEndpoints(
    complete,
    (all) => composeEndpoints(all, endpointParts, diagnostics),
    diagnostics,
  )

  // The grants, in the sessions or in a store.
  const grants = composeGrants(
    settings,
    {
      refresh: async (tokens, control) => (await endpoints.get()).refresh(tokens, control),
      refusalOf: refusalOfRefresh,
      revoke: async (tokens) => (await endpoints.soon())?.revoke(tokens),
      connections: transport.connections,
    },
    diagnostics,
  )
  const { claims, ending, heldGrants, idle } = grants
  const endReplacedLogin = createEndLoginHere(settings.sessionKey, ending.endLogin)
  const endLogin = reportAfter('grant_end', endReplacedLogin, (ended?: EndedLogin) =>
    ended === undefined || ended.tokens.length === 0
      ? undefined
      : { outcome: 'ok', reason: 'logout' },
  )

  // The use cases.
  const pendingLogins = observedPendingLogins(
    settings.pendingLogins ??
      sessionPendingLogins({
        ...settings,
        remembersUsed: settings.grants === undefined,
        seal: grants.pendingSeal,
      }),
    diagnostics,
  )
  const presentLogin = createPresentLogin(settings.sessionKey, strategyId, grants.engine)
  const connectionOf = createConnectionOf((req) => hasLoginEnded(req))
  const startLogin = endpoints.using(({ authorizationEndpoint }) =>
    createStartLogin({
      settings,
      strategyId,
      pendingLogins,
      presentLogin,
      connectionOf,
      authorizationEndpoint,
      dpopThumbprint: dpop?.thumbprint,
    }),
  )
  const keepLogin: KeepLoginParts = {
    ...grants,
    settings,
    hasLogoutPage: () => hasLogoutPage(endpoints),
    presentLogin,
    undoLogin: createUndoLogin(grants),
    dropCovered: createDropCovered(grants),
    endReplacedLogins: createEndReplacedLogins((request) => [
      endReplacedLogin,
      ...strategies(request).map((one) => one.endReplacedLogin),
    ]),
    sessionKeys: (request) => strategies(request).map(({ loginCheck }) => loginCheck.sessionKey),
  }
  const isShared = settings.grants !== undefined
  const callbackClaims = withPrivateNotes(claims, isShared ? grants.pendingSeal : undefined)
  const claimTtlMs = Math.max(settings.pendingLoginLifetimeMs, pendingLogins.lifetimeMs ?? 0)
  const sameCallbacks = createSameCallbacks<NewLogin>({
    elsewhere: isShared ? createCallbackEnds(callbackClaims, claimTtlMs) : undefined,
    // The time of a token request and a profile request, and more for `verify` and the stores.
    waitMs: 2 * timeoutMs + 10_000,
    clock: systemClock,
  })
  const decide = watch('verify', verify, ({ user }): Conclusion =>
    user ? { outcome: 'ok' } : { outcome: 'refused', reason: 'verify' },
  )
  const storeTokens = createStoreTokens(keepLogin)
  const observedStoreTokens = observe(storeTokens, async (...given) => {
    observation.emit(() => ({ type: 'store', action: 'keep', result: 'kept', durationMs: 0 }))
    await storeTokens(...given)
  })
  const finishLogin = endpoints.using(({ settings: all, openResponse, exchange }) =>
    createFinishLogin({
      settings: all,
      strategyId,
      pendingLogins,
      presentLogin,
      connectionOf,
      claims: callbackClaims,
      sameCallbacks,
      claimTtlMs,
      adoptSession,
      openResponse,
      exchangeCode: exchange,
      verify: decide,
      discard: (tokens, subject) => void grants.revoking.discard(tokens, subject),
      storeTokens: observedStoreTokens,
      handOver: createHandOver(keepLogin),
    }),
  )

  // The metadata say what the keys may sign with.
  const publishedKeys = ownKeys && {
    publicKeys: async () => ((await endpoints.soon())?.keys ?? ownKeys).publicKeys(),
  }

  return {
    tokens: heldGrants.read,
    async accessToken(holder, options) {
      return heldGrants.accessToken(holder, wantedOf(options, settings.scopeSeparator))
    },
    async replacementFor(holder, { refused, refusal, ...use }) {
      const wanted = wantedOf(use, settings.scopeSeparator)
      return heldGrants.replacementFor(holder, { ...wanted, refused, refusal })
    },
    listGrants: grants.listGrants,
    loginCheck: grants.loginCheck,
    stepUp: createStepUp({ settings, scopes: heldGrants.scopes, presentLogin }),
    isTokenRefused: createIsTokenRefused(settings.isTokenRefused),
    noteRequest: grants.noteRequest,
    jobs: grants.jobs,
    listing: grants.listing,
    idle,
    resources,
    transport,
    diagnostics,
    endLogin,
    endReplacedLogin,
    publicKeys: joinedKeySets([publishedKeys, decryption]),
    requestProfile: endpoints.using(({ requestProfile }) => requestProfile),

    startLogin: flow('login', watch('login', startLogin), {
      before: (req) => visitEvent(req),
      after: redirectEvent,
    }),

    finishLogin: flow('callback', watch('callback', finishLogin, conclusionOf), {
      before: (req, parameters) => visitEvent(req, parameters),
    }),

    ...composeLogouts(
      {
        ...grants,
        settings,
        strategyId,
        logoutPage: async () =>
          settings.endSessionURL ?? (await endpoints.soon())?.settings.endSessionURL,
        verifyLogoutToken: settings.backchannelLogout
          ? endpoints.using(({ verifyLogoutToken }) => verifyLogoutToken)
          : undefined,
        endLogin,
        endLogins: (request) => strategies(request).map((one) => one.endLogin),
      },
      diagnostics,
    ),

    endGrant: flow('end_grant', ending.endGrant, {}),
    endReplaced: ending.endReplaced,
  }
}

/** Keeps the keys of an address, and what is known of them, when the other metadata change. */
function createKeysByAddress(
  transport: Transport,
  report: Diagnostics['report'],
): EndpointParts['providerKeys'] {
  let last: { readonly jwksURL: string; readonly keys: ProviderKeys } | undefined
  return (jwksURL) => {
    if (last?.jwksURL === jwksURL) return last.keys
    const keys: ProviderKeys = createProviderKeys(() =>
      readKeySet(jwksURL, transport).catch((error: unknown) => {
        report('keys', { outcome: 'failed', reason: 'ERR_DISCOVERY' }, error)
        throw error
      }),
    )
    last = { jwksURL, keys }
    return keys
  }
}

/** Checks at the start what is known of how the client authenticates. @throws {ConfigurationError} if it cannot be used */
function checkCredentials(settings: KnownSettings, keys: ClientKeys | undefined): void {
  const { clientAuthentication } = settings
  if (clientAuthentication === undefined) return
  createClientAuthentication({ ...settings, clientAuthentication }, keys)
}

/** Whether people can log out at the provider. While that is not known, what is needed for it is kept. */
function hasLogoutPage({ known }: ProviderEndpoints<Endpoints>): boolean {
  const endpoints = known()
  return endpoints === undefined || endpoints.settings.endSessionURL !== undefined
}
