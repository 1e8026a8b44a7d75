import {
  createClientAuthentication,
  revocationAuthentication,
} from '../client/client-authentication.js'
import { createClientKeys, readSigningKey } from '../client/client-keys.js'
import { createDecryption } from '../client/decryption-keys.js'
import { createProofOfPossession } from '../client/dpop.js'
import { joinedKeySets } from '../client/published-keys.js'
import { createClientRequest, createResourceClient } from '../client/requests.js'
import { createTransport } from '../client/transport.js'
import { redirectEvent, visitEvent } from '../diagnostics/browser-events.js'
import type { Conclusion } from '../diagnostics/events.js'
import { observedPendingLogins } from '../diagnostics/observed-pending-logins.js'
import { observedTransport } from '../diagnostics/observed-transport.js'
import { createDiagnostics } from '../diagnostics/watch.js'
import { createAuthorizationEndpoint } from '../endpoints/authorization.js'
import { createDecryptJwt } from '../endpoints/encrypted-jwt.js'
import type { DecryptJwt } from '../endpoints/encrypted-jwt.js'
import { createRequestProfile } from '../endpoints/profile.js'
import { createProviderJwtVerifier } from '../endpoints/provider-jwt.js'
import type { VerifyProviderJwt } from '../endpoints/expected-jwt.js'
import { createPushedAuthorizationRequest } from '../endpoints/pushed-authorization-request.js'
import { createRevocationEndpoint, createRevokeTokens } from '../endpoints/revocation.js'
import { openSignedResponse } from '../endpoints/signed-response.js'
import { refusalOfRefresh, withGrantRefusal } from '../endpoints/refresh-refusal.js'
import { createTokenEndpoint } from '../endpoints/token.js'
import { withPrivateNotes } from '../grants/claims.js'
import type { EndedLogin } from '../grants/engine.js'
import { createDropCovered } from '../grants/drop-covered.js'
import { createUndoLogin } from '../grants/undo-login.js'
import { systemClock } from '../lib/clock.js'
import type { LoginRequest } from '../lib/login-request.js'
import { createCallbackEnds } from '../login/callback-ends.js'
import { createEndLoginHere } from '../login/end-login-here.js'
import { createFinishLogin } from '../login/finish-login.js'
import type { LoginToVerify } from '../login/finish-login.js'
import type { RestartLogin } from '../login/deliver-login.js'
import type { LoginOutcome } from '../login/login-outcome.js'
import { createSameCallbacks } from '../login/same-callback.js'
import { createStoreTokens } from '../login/store-tokens.js'
import { createEndReplacedLogins } from '../login/replaced-logins.js'
import { sessionPendingLogins } from '../login/session-pending-logins.js'
import { createStartLogin } from '../login/start-login.js'
import { createPresentLogin } from '../login/present-login.js'
import { createStepUp } from '../login/step-up.js'
import { composeGrants } from './compose-grants.js'
import { composeLogouts } from './compose-logouts.js'
import { adoptSession } from '../session/replace-session.js'
import { createIsTokenRefused } from './is-token-refused.js'
import { wantedOf } from './token-use.js'
import type { UseCases } from './use-cases.js'
import { strategyIdOf } from '../options/read-options.js'
import type { EncryptedResponse } from '../options/decryption.js'
import type { Settings } from '../options/read-options.js'

/**
 * Puts the parts of a strategy together. All wiring is here: each part gets what it needs as parameters, and
 * the diagnostics wrap the parts, which do not know of them.
 *
 * @param strategies the strategies of the application that may have something in the session of a request, whenever they
 *   are needed; this one may be among them
 * @throws {ConfigurationError} if the credentials are missing or cannot be used
 */
export function composeUseCases(
  settings: Settings,
  verify: (login: LoginToVerify) => Promise<unknown>,
  strategies: (request: LoginRequest) => readonly UseCases[] = () => [],
): UseCases {
  const diagnostics = createDiagnostics(settings.name)
  const { watch, reportAfter, flow, observe, observation } = diagnostics
  const strategyId = strategyIdOf(settings)
  const { privateKey, decryptionKeys, dpopKey } = settings

  // How requests leave.
  const transport = observedTransport(createTransport(settings), diagnostics)
  const keys = privateKey === undefined ? undefined : createClientKeys({ ...settings, privateKey })
  const decryption = decryptionKeys === undefined ? undefined : createDecryption(decryptionKeys)
  const dpop =
    dpopKey === undefined ? undefined : createProofOfPossession(readSigningKey(dpopKey, 'dpopKey'))
  const authenticate = createClientAuthentication(settings, keys)
  const request = createClientRequest(settings, transport, authenticate, dpop)
  const atRevocation = {
    ...settings,
    clientAuthentication: revocationAuthentication(settings),
  }
  const revocationRequest = createClientRequest(
    atRevocation,
    transport,
    createClientAuthentication(atRevocation, keys),
    dpop,
  )
  const resources = createResourceClient(transport, dpop)

  // The provider's endpoints.
  const verifyJwt = createProviderJwtVerifier(settings, transport)
  const decryptJwt = createDecryptJwt(settings.encryptedResponses ?? [], decryption?.decrypt)
  const verifyResponse = verifyDecrypted('authorization', decryptJwt, verifyJwt)
  const tokenEndpoint = createTokenEndpoint(settings, request, verifyJwt, decryptJwt)
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
          createRevocationEndpoint(revocationURL, timeoutMs, revocationRequest),
          (status): Conclusion =>
            status < 400 ? { outcome: 'ok' } : { outcome: 'refused', reason: `http_${status}` },
        ),
    settings.revocationEnds,
  )

  // The grants, in the sessions or in a store.
  const grants = composeGrants(
    settings,
    {
      refresh: watch('refresh', withGrantRefusal(tokenEndpoint.refresh, settings.isGrantRefused)),
      refusalOf: refusalOfRefresh,
      revoke,
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
  const startLogin = createStartLogin({
    settings,
    strategyId,
    pendingLogins,
    presentLogin,
    authorizationEndpoint: createAuthorizationEndpoint(settings, signingKeys, push),
    dpopThumbprint: dpop?.thumbprint,
  })
  const storeTokens = createStoreTokens({
    ...grants,
    settings,
    presentLogin,
    undoLogin: createUndoLogin(grants),
    dropCovered: createDropCovered(grants),
    endReplacedLogins: createEndReplacedLogins((request) => [
      endReplacedLogin,
      ...strategies(request).map((one) => one.endReplacedLogin),
    ]),
    sessionKeys: (request) => strategies(request).map(({ loginCheck }) => loginCheck.sessionKey),
  })
  const isShared = settings.grants !== undefined
  const callbackClaims = withPrivateNotes(claims, isShared ? grants.pendingSeal : undefined)
  const claimTtlMs = Math.max(settings.pendingLoginLifetimeMs, pendingLogins.lifetimeMs ?? 0)
  const finishLogin = createFinishLogin({
    settings,
    strategyId,
    pendingLogins,
    presentLogin,
    claims: callbackClaims,
    sameCallbacks: createSameCallbacks({
      elsewhere: isShared ? createCallbackEnds(callbackClaims, claimTtlMs) : undefined,
      // The time of a token request and a profile request, and more for `verify` and the stores.
      waitMs: 2 * timeoutMs + 10_000,
      clock: systemClock,
    }),
    claimTtlMs,
    adoptSession,
    openResponse:
      settings.signedAuthorizationResponses && verifyResponse !== undefined
        ? (parameters) => openSignedResponse(parameters, verifyResponse)
        : undefined,
    exchangeCode: watch('exchange', tokenEndpoint.exchange),
    verify: watch('verify', verify, (user): Conclusion =>
      user ? { outcome: 'ok' } : { outcome: 'refused', reason: 'verify' },
    ),
    discard: (tokens, subject) => void grants.revoking.discard(tokens, subject),
    storeTokens: observe(storeTokens, async (...given) => {
      observation.emit(() => ({ type: 'store', action: 'keep', result: 'kept', durationMs: 0 }))
      await storeTokens(...given)
    }),
  })

  return {
    tokens: heldGrants.read,
    async accessToken(holder, options) {
      return heldGrants.accessToken(holder, wantedOf(options, settings.scopeSeparator))
    },
    async replacementFor(holder, { refused, ...use }) {
      const wanted = wantedOf(use, settings.scopeSeparator)
      return heldGrants.replacementFor(holder, { ...wanted, refused })
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
    publicKeys: joinedKeySets([keys, decryption]),
    requestProfile: createRequestProfile(settings, resources, {
      decrypt: decryptJwt,
      verify: verifyJwt,
    }),

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
        verifyLogoutToken: settings.backchannelLogout
          ? verifyDecrypted('id_token', decryptJwt, verifyJwt)
          : undefined,
        endLogin,
        endLogins: (request) => strategies(request).map((one) => one.endLogin),
      },
      diagnostics,
    ),

    endGrant: flow('end_grant', ending.endGrant, {}),
  }
}

/** `verify` for JWTs that may be encrypted; `undefined` without it. */
function verifyDecrypted(
  kind: EncryptedResponse,
  decrypt: DecryptJwt,
  verify: VerifyProviderJwt | undefined,
): VerifyProviderJwt | undefined {
  if (verify === undefined) return undefined
  return async (jwt, options) => verify(await decrypt(kind, jwt), options)
}

/** How a callback has ended. */
function conclusionOf(outcome: LoginOutcome | RestartLogin): Conclusion {
  switch (outcome.action) {
    case 'fail': {
      const { error: reason = 'verify', errorDescription } = outcome.info
      return {
        outcome: 'refused',
        reason,
        ...(errorDescription !== undefined && { errorDescription }),
      }
    }
    case 'redirect':
      return outcome.refused === undefined
        ? { outcome: 'ok', reason: 'repeated' }
        : { outcome: 'refused', reason: outcome.refused }
    case 'restart':
      return { outcome: 'ok', reason: 'repeated' }
    case 'success':
      return { outcome: 'ok' }
  }
}
