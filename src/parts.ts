import { createAuthorizationEndpoint } from './authorization-endpoint.js'
import type { AuthorizationEndpoint } from './authorization-endpoint.js'
import { createClientAuthentication } from './client-authentication.js'
import { createClientKeys, readSigningKey } from './client-keys.js'
import type { ClientKeys } from './client-keys.js'
import { createClientRequest } from './client-request.js'
import { createDiagnostics, failureOf } from './diagnostics.js'
import type { Diagnostics } from './diagnostics.js'
import { createProofOfPossession } from './dpop.js'
import type { ProofOfPossession } from './dpop.js'
import type { Member } from './families.js'
import { MemoryLedger } from './ledger/memory.js'
import type { VerifiedLogin, Verify } from './login-options.js'
import { createObservation } from './observation.js'
import type { Observation } from './observation.js'
import { observedPendingLogins, observedTransport } from './observed-parts.js'
import { sessionPendingLogins } from './pending-logins/session.js'
import { createProviderJwtVerifier } from './provider-jwt.js'
import type { VerifyProviderJwt } from './provider-jwt.js'
import { createResourceClient } from './resource.js'
import type { ResourceClient } from './resource.js'
import { createRevocation } from './revocation.js'
import { createSessionTokens } from './session-tokens.js'
import { ownerOf } from './settings.js'
import type { Settings } from './settings.js'
import { createTokenEndpoint } from './token-endpoint.js'
import type { CodeGrant, TokenEndpoint } from './token-endpoint.js'
import { createTransport } from './transport.js'
import type { Transport } from './transport.js'
import type { Ledger, PendingLoginStore, TokenSet } from './types.js'

/** What a strategy is made of. */
export interface Parts extends Member {
  readonly settings: Settings
  readonly diagnostics: Diagnostics
  /** Where the flow inspector looks in. */
  readonly observation: Observation
  readonly transport: Transport
  readonly resources: ResourceClient
  /** The client's own keys, if it has any. */
  readonly keys: ClientKeys | undefined
  /** Present with a `dpopKey`. */
  readonly dpop: ProofOfPossession | undefined
  /** Present with a `jwksURL`. */
  readonly verifyJwt: VerifyProviderJwt | undefined
  readonly authorizationEndpoint: AuthorizationEndpoint
  readonly tokenEndpoint: TokenEndpoint
  readonly pendingLogins: PendingLoginStore
  readonly ledger: Ledger
  readonly verify: Verify
}

/** The ledger of all strategies of this process that were given none. */
let processLedger: MemoryLedger | undefined

/**
 * Puts the parts of a strategy together.
 *
 * @throws {ConfigurationError} when the credentials are missing or cannot be used
 */
export function createParts(settings: Settings, verify: Verify): Parts {
  const observation = createObservation(settings.name, failureOf)
  const transport = observedTransport(createTransport(settings), observation)
  const diagnostics = createDiagnostics(settings.name, observation)
  const { privateKey } = settings
  const keys = privateKey === undefined ? undefined : createClientKeys({ ...settings, privateKey })
  const dpop =
    settings.dpopKey === undefined
      ? undefined
      : createProofOfPossession(readSigningKey(settings.dpopKey, 'dpopKey'))
  const verifyJwt = createProviderJwtVerifier(settings, transport)
  const authenticate = createClientAuthentication(settings, keys)
  const request = createClientRequest(settings, transport, authenticate, dpop)
  const endpoint = createTokenEndpoint(settings, request, verifyJwt)
  const tokenEndpoint: TokenEndpoint = {
    exchange: diagnostics.watch('exchange', (grant: CodeGrant) => endpoint.exchange(grant)),
    refresh: diagnostics.watch('refresh', (tokens: TokenSet) => endpoint.refresh(tokens)),
  }
  const revoke = createRevocation(settings, request, diagnostics)
  const ledger = settings.ledger ?? (processLedger ??= new MemoryLedger())
  return {
    settings,
    diagnostics,
    observation,
    owner: ownerOf(settings),
    transport,
    resources: createResourceClient(transport, dpop),
    keys,
    dpop,
    verifyJwt,
    authorizationEndpoint: createAuthorizationEndpoint(settings, keys, request, diagnostics),
    tokenEndpoint,
    revoke,
    pendingLogins: observedPendingLogins(
      settings.pendingLogins ?? sessionPendingLogins(settings),
      observation,
    ),
    ledger,
    sessionTokens: createSessionTokens(settings, ledger, tokenEndpoint, revoke, diagnostics),
    verify: diagnostics.watch(
      'verify',
      // An application's function may throw without being asynchronous.
      async (login: VerifiedLogin) => verify(login),
      (user) => (user ? { outcome: 'ok' } : { outcome: 'refused', reason: 'verify' }),
    ),
  }
}
