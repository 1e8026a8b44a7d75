import { createClientAuthentication } from '../client/client-authentication.js'
import { createClientKeys, readSigningKey } from '../client/client-keys.js'
import type { ClientKeys } from '../client/client-keys.js'
import { createClientRequest } from '../client/client-request.js'
import { createProofOfPossession } from '../client/dpop.js'
import type { ProofOfPossession } from '../client/dpop.js'
import { createResourceClient } from '../client/resource-request.js'
import type { ResourceClient } from '../client/resource-request.js'
import { createTransport } from '../client/transport.js'
import type { Transport } from '../client/transport.js'
import { createDiagnostics, failureOf } from '../diagnostics/diagnostics.js'
import type { Diagnostics } from '../diagnostics/diagnostics.js'
import { createObservation } from '../diagnostics/observation.js'
import type { Observation } from '../diagnostics/observation.js'
import { observedPendingLogins, observedTransport } from '../diagnostics/observed-parts.js'
import { createAuthorizationEndpoint } from '../endpoints/authorization.js'
import type { AuthorizationEndpoint } from '../endpoints/authorization.js'
import { createProviderJwtVerifier } from '../endpoints/provider-jwt.js'
import type { VerifyProviderJwt } from '../endpoints/provider-jwt.js'
import { createRevocation } from '../endpoints/revocation.js'
import { createTokenEndpoint } from '../endpoints/token.js'
import type { CodeGrant, TokenEndpoint } from '../endpoints/token.js'
import { MemoryLedger } from '../grants/memory.js'
import { createSessionTokens } from '../grants/session-tokens.js'
import type { VerifiedLogin, Verify } from '../login/login-options.js'
import { sessionPendingLogins } from '../login/session-pending-logins.js'
import type { Ledger } from '../options/ledger.js'
import type { PendingLoginStore } from '../options/pending-login-store.js'
import { ownerOf } from '../options/read-options.js'
import type { Settings } from '../options/read-options.js'
import type { TokenSet } from '../options/token-set.js'
import type { Member } from './families.js'

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
