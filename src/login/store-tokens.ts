import { ConfigurationError, LoginRequiredError } from '../errors/errors.js'
import type { BeginLogin, NewTokens } from '../grants/begin-login.js'
import type { BegunLogin } from '../grants/stored-login.js'
import type { ExtendedGrant } from '../grants/extend-login.js'
import type { Holding } from '../grants/holding.js'
import type { Revoking } from '../grants/revoking.js'
import type { GrantEngine } from '../grants/engine.js'
import { hasEnded } from '../grants/grant-record.js'
import { grantIdOf, isConnectedHere } from '../grants/session-entry.js'
import type { DropCovered } from '../grants/drop-covered.js'
import type { UndoLogin } from '../grants/undo-login.js'
import { onceOver } from '../lib/is-over.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { subjectOf } from './accepted-login.js'
import type { AcceptedLogin, StoreTokens } from './accepted-login.js'
import { connectProvider } from './connect-provider.js'
import { carryConnections, presentUser } from './connection.js'
import { onFailedLogin } from './failed-login.js'
import { withProviderSession } from './provider-session.js'
import { earlierRequest } from './earlier-request.js'
import { extendedGrant } from './extended-grant.js'
import type { EndReplacedLogins } from './replaced-logins.js'
import { withLoginNote } from './present-login.js'
import type { PresentLogin } from './present-login.js'
import { carryPendingLogins } from './session-pending-logins.js'
import { fillWhenRegenerated } from '../session/replace-session.js'
import {
  clearFields,
  keepFields,
  readStrategyData,
  requireSession,
  writeStrategyData,
} from '../session/request-session.js'

/** The options of the strategy that keeping a login depends on. */
export interface StoreTokensSettings {
  readonly sessionKey: string
  readonly scope?: string | undefined
  readonly keepSession: readonly string[]
  readonly grantLifetime: 'login' | 'account'
  readonly frontchannelLogout: boolean
  /** `undefined` if the tokens are in the sessions. */
  readonly grants?: object | undefined
}

/** What storing tokens needs. */
export interface StoreTokensParts {
  readonly settings: StoreTokensSettings
  /** Whether people can log out at the provider, for which something of the ID token is needed. */
  readonly hasLogoutPage: () => boolean
  readonly beginLogin: BeginLogin
  readonly undoLogin: UndoLogin
  readonly dropCovered: DropCovered
  readonly presentLogin: PresentLogin
  readonly engine: Pick<GrantEngine, 'look'>
  readonly endReplacedLogins: EndReplacedLogins
  /** Where the strategies of the application have their data in the session of a request. */
  readonly sessionKeys: (request: LoginRequest) => readonly string[]
  readonly holding: Holding
  readonly revoking: Pick<Revoking, 'discard'>
  /** The application's own id of the person; `undefined` if grants are not listed by account. */
  readonly accountOf: (user: object) => string | undefined
  /** How long the grant lives without being used, in **milliseconds**. */
  readonly lifetimeOf: (session: LoginSession) => number
}

/** Creates {@link StoreTokens}. */
export function createStoreTokens(parts: StoreTokensParts): StoreTokens {
  return async (request, login) => {
    const account = accountFor(request, login, parts)
    if (login.connecting) await storeInPresentSession(request, login, account, parts)
    else storeInNewSession(request, login, account, parts)
  }
}

/** The account of who is logged in: with a provider that is connected, of who has been logged in before. */
function accountFor(
  request: LoginRequest,
  login: AcceptedLogin,
  parts: StoreTokensParts,
): string | undefined {
  const { accountOf, settings } = parts
  const person = login.connecting ? presentUser(request) : login.user
  let account: string | undefined
  try {
    account = person === undefined ? undefined : accountOf(person)
  } catch (error) {
    discard(login, parts)
    throw error
  }
  if (account === undefined && settings.grantLifetime === 'account') {
    discard(login, parts)
    throw new ConfigurationError(
      "With grantLifetime 'account', each user needs an account id, by which their grant is found. Set accountOf to a function that returns it, or return a user with an id from verify.",
      'accountOf',
    )
  }
  return account
}

function storeInPresentSession(
  request: LoginRequest,
  login: AcceptedLogin,
  account: string | undefined,
  parts: StoreTokensParts,
): Promise<void> {
  return connectProvider(request, {
    ...parts,
    sessionKey: parts.settings.sessionKey,
    noteLogins: (session) => {
      const earlier = earlierRequest(request, session)
      return (now) => void parts.endReplacedLogins(earlier, now)
    },
    discard: () => discard(login, parts),
    keepsLogin: (session) => keepsLogin(session, parts.settings),
    begin: async (session) => {
      const extended = await extendedBy(login, earlierRequest(request, session), parts)
      return begin(session, login, { account, extended }, parts)
    },
    hold: (session, begun) => hold(session, begun, login, parts),
    hasEnded: (id) => hasEndedMeanwhile(id, parts),
  })
}

/** Whether a session that somebody has logged in to by this strategy stays so: what is connected is found by their account. */
function keepsLogin(
  session: LoginSession,
  { sessionKey, grantLifetime }: StoreTokensSettings,
): boolean {
  const data = readStrategyData(session, sessionKey)
  return grantLifetime === 'account' && grantIdOf(data) !== undefined && !isConnectedHere(data)
}

function storeInNewSession(
  request: LoginRequest,
  login: AcceptedLogin,
  account: string | undefined,
  parts: StoreTokensParts,
): void {
  const { keepSession, sessionKey } = parts.settings
  const session = requireSession(request)
  const earlier = earlierRequest(request, session)
  const attempt = createAttempt(login, parts)
  onFailedLogin(request, (error) => {
    attempt.undo()
    login.onFailed(error)
  })
  onceOver(request.res, attempt.responseIsOver)
  fillWhenRegenerated(request, session, {
    fill: async (fresh) => {
      keepFields(keepSession, session, fresh)
      carryPendingLogins(session, fresh, sessionKey)
      // Passport's `keepSessionInfo` copies whatever is left here over the new session.
      clearFields(session)
      try {
        await attempt.hold({ session: fresh, earlier }, account)
      } finally {
        // The earlier session is gone, even if this login fails.
        void parts.endReplacedLogins(earlier, fresh)
      }
    },
    stored: async ({ id }) => {
      await attempt.stored()
      login.onStored(id)
    },
  })
}

/** Where a login goes: the session that will hold it, and the request as it was before. */
interface Place {
  readonly session: LoginSession
  readonly earlier: LoginRequest
}

/** One login, until it is clear whether somebody receives it. */
interface LoginAttempt {
  /** Stores the grant, and writes it into the session that begins. @throws {StorageError} */
  readonly hold: (place: Place, account: string | undefined) => Promise<void>
  /** To be called when the session is stored. @throws {LoginRequiredError} if the grant has ended before */
  readonly stored: () => Promise<void>
  /** Ends what has been stored. */
  readonly undo: () => void
  /** Nothing is sent to the browser any more. */
  readonly responseIsOver: (wasAnswered: boolean) => void
}

function createAttempt(login: AcceptedLogin, parts: StoreTokensParts): LoginAttempt {
  let hasBegun = false
  let isLost = false
  let begun: BegunLogin | undefined
  let carriedFrom: LoginRequest | undefined

  function undo(): void {
    if (begun !== undefined) void parts.undoLogin(begun)
    // What was connected to the earlier session is in no other one.
    if (carriedFrom !== undefined) void parts.endReplacedLogins(carriedFrom)
    begun = carriedFrom = undefined
  }

  return {
    undo,

    async hold(place, account) {
      // No browser will get this session's id.
      if (isLost) return
      hasBegun = true
      const { session, earlier } = place
      const extended = await extendedBy(login, earlier, parts)
      begun = await begin(session, login, { account, extended }, parts)
      hold(session, begun, login, parts)
      const { sessionKey } = parts.settings
      if (extended !== undefined) {
        carryConnections(requireSession(earlier), session, sessionKey, parts.sessionKeys(earlier))
        carriedFrom = earlier
      }
      // It may have become so meanwhile.
      if (isLost as boolean) undo()
    },

    async stored() {
      if (begun === undefined) return
      if (await hasEndedMeanwhile(begun.id, parts)) throw new LoginRequiredError('grant_ended')
      void parts.dropCovered(begun)
    },

    responseIsOver(wasAnswered) {
      // An application's own callback may decide against the login, or the browser has gone away.
      if (!hasBegun) discard(login, parts)
      isLost = !hasBegun || !(wasAnswered || login.isDelivered())
      if (isLost) undo()
    },
  }
}

/**
 * Looks at the grant once more when the session is stored. Whoever has ended it before that has found no session to end, and
 * whoever ends it from now on finds the session. If the store fails, the login goes on.
 */
async function hasEndedMeanwhile(id: string, { engine }: StoreTokensParts): Promise<boolean> {
  const record = await engine.look(id).catch(() => undefined)
  return record !== undefined && hasEnded(record)
}

/** Revokes the tokens of a login that nobody receives. */
function discard({ tokens, claims, profile }: AcceptedLogin, parts: StoreTokensParts): void {
  void parts.revoking.discard(tokens, subjectOf(claims, profile))
}

/** The grant that a login adds to. @throws {StorageError} if the store fails: then nobody has the tokens */
async function extendedBy(
  login: AcceptedLogin,
  earlier: LoginRequest,
  parts: StoreTokensParts,
): Promise<ExtendedGrant | undefined> {
  try {
    return await extendedGrant(earlier, login.note, parts)
  } catch (error) {
    discard(login, parts)
    throw error
  }
}

/** Stores the tokens of a login as a grant, or adds them to the one that the session had. */
function begin(
  session: LoginSession,
  { tokens, claims, profile, exchangedAt, connecting, note }: AcceptedLogin,
  whose: Pick<NewTokens, 'account' | 'extended'>,
  { beginLogin, lifetimeOf }: StoreTokensParts,
): Promise<BegunLogin> {
  return beginLogin({
    ...whose,
    tokens,
    claims,
    exchangedAt,
    subject: subjectOf(claims, profile),
    sessionId: session.id,
    connected: connecting,
    lifetimeMs: lifetimeOf(session),
    note,
  })
}

/** Writes a grant into the session, and what logging out at the provider needs when the grant has ended. */
function hold(
  session: LoginSession,
  { id, record }: BegunLogin,
  { claims, note }: AcceptedLogin,
  { settings, holding, hasLogoutPage }: StoreTokensParts,
): void {
  const { sessionKey, frontchannelLogout } = settings
  const held = holding.hold(readStrategyData(session, sessionKey), id, record)
  const data = withLoginNote(held, settings.grants === undefined ? note : undefined)
  const isNeeded = frontchannelLogout || hasLogoutPage()
  writeStrategyData(session, sessionKey, isNeeded ? withProviderSession(data, claims) : data)
}
