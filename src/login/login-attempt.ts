import { ConfigurationError, LoginRequiredError } from '../errors/errors.js'
import type { BeginLogin, NewTokens } from '../grants/new-tokens.js'
import type { BegunLogin, ExtendedGrant } from '../grants/stored-login.js'
import type { DropCovered } from '../grants/drop-covered.js'
import type { GrantEngine } from '../grants/engine.js'
import { hasEnded } from '../grants/grant-record.js'
import type { Holding } from '../grants/holding.js'
import type { Revoking } from '../grants/revoking.js'
import type { UndoLogin } from '../grants/undo-login.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { readStrategyData, requireSession, writeStrategyData } from '../session/request-session.js'
import { subjectOf } from './accepted-login.js'
import type { AcceptedLogin, LoginAttempt } from './accepted-login.js'
import { carryConnections, presentUser } from './connection.js'
import { extendedGrant } from './extended-grant.js'
import { withLoginNote } from './present-login.js'
import type { PresentLogin } from './present-login.js'
import { withProviderSession } from './provider-session.js'

/** The options of the strategy that keeping a login depends on. */
export interface KeepLoginSettings {
  readonly sessionKey: string
  readonly scope?: string | undefined
  readonly keepSession: readonly string[]
  readonly grantLifetime: 'login' | 'account'
  readonly frontchannelLogout: boolean
  /** `undefined` if the tokens are in the sessions. */
  readonly grants?: object | undefined
}

/** What keeping a login needs. */
export interface KeepLoginParts {
  readonly settings: KeepLoginSettings
  /** Whether people can log out at the provider, for which something of the ID token is needed. */
  readonly hasLogoutPage: () => boolean
  readonly beginLogin: BeginLogin
  readonly undoLogin: UndoLogin
  readonly dropCovered: DropCovered
  readonly presentLogin: PresentLogin
  readonly engine: Pick<GrantEngine, 'look' | 'noteSession'>
  /** Ends what was in a session before, and is not in the one that is there now. Never rejects. */
  readonly endReplacedLogins: (earlier: LoginRequest, now?: LoginSession) => Promise<void>
  /** Where the strategies of the application have their data in the session of a request. */
  readonly sessionKeys: (request: LoginRequest) => readonly string[]
  readonly holding: Holding
  readonly revoking: Pick<Revoking, 'discard'>
  /** The application's own id of the person; `undefined` if grants are not listed by account. */
  readonly accountOf: (user: object) => string | undefined
  /** How long the grant lives without being used, in **milliseconds**. */
  readonly lifetimeOf: (session: LoginSession | undefined) => number
}

/** The account of who is logged in: with a provider that is connected, of who has been logged in before. */
export function accountFor(
  request: LoginRequest,
  login: AcceptedLogin,
  parts: KeepLoginParts,
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

/** @param onUnused called if the response is over and no session has begun */
export function createAttempt(
  login: AcceptedLogin,
  parts: KeepLoginParts,
  onUnused: () => void,
): LoginAttempt {
  let hasBegun = false
  let isLost = false
  let begun: BegunLogin | undefined
  let carriedFrom: LoginRequest | undefined

  function undo(): void {
    if (begun !== undefined && begun !== login.begun) void parts.undoLogin(begun)
    else if (begun !== undefined) leaveGrant(begun, parts)
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
      const extended =
        login.begun === undefined ? await extendedBy(login, earlier, parts) : undefined
      if (login.begun === undefined) {
        begun = await begin(session, login, { account, extended }, parts)
      } else {
        begun = login.begun
        await parts.engine.noteSession(begun.id, session.id)
      }
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
      if (!hasBegun) onUnused()
      isLost = !hasBegun || !(wasAnswered || login.isDelivered())
      if (isLost) undo()
    },
  }
}

/**
 * No session holds a grant that the application has the id of. It stays; if it survives logging out, the login that uses it
 * ends.
 */
export function leaveGrant({ id, joined }: BegunLogin, { undoLogin }: KeepLoginParts): void {
  if (joined !== undefined) void undoLogin({ id })
}

/**
 * Looks at the grant once more when the session is stored. Whoever has ended it before that has found no session to end, and
 * whoever ends it from now on finds the session. If the store fails, the login goes on.
 */
export async function hasEndedMeanwhile(id: string, { engine }: KeepLoginParts): Promise<boolean> {
  const record = await engine.look(id).catch(() => undefined)
  return record !== undefined && hasEnded(record)
}

/** Revokes the tokens of a login that nobody receives. */
export function discard({ tokens, claims, profile }: AcceptedLogin, parts: KeepLoginParts): void {
  void parts.revoking.discard(tokens, subjectOf(claims, profile))
}

/** The grant that a login adds to. @throws {StorageError} if the store fails: then nobody has the tokens */
export async function extendedBy(
  login: AcceptedLogin,
  earlier: LoginRequest,
  parts: KeepLoginParts,
): Promise<ExtendedGrant | undefined> {
  try {
    return await extendedGrant(earlier, login.note, parts)
  } catch (error) {
    discard(login, parts)
    throw error
  }
}

/**
 * Stores the tokens of a login as a grant, or adds them to the one that the session had.
 *
 * @param session that will hold it; `undefined` if that is not known yet
 */
export function begin(
  session: LoginSession | undefined,
  { tokens, claims, profile, exchangedAt, connecting, note }: AcceptedLogin,
  whose: Pick<NewTokens, 'account' | 'extended'>,
  { beginLogin, lifetimeOf }: KeepLoginParts,
): Promise<BegunLogin> {
  return beginLogin({
    ...whose,
    tokens,
    claims,
    exchangedAt,
    subject: subjectOf(claims, profile),
    sessionId: session?.id,
    connected: connecting,
    lifetimeMs: lifetimeOf(session),
    note,
  })
}

/** Writes a grant into the session, and what logging out at the provider needs when the grant has ended. */
export function hold(
  session: LoginSession,
  { id, record }: BegunLogin,
  { claims, note }: AcceptedLogin,
  { settings, holding, hasLogoutPage }: KeepLoginParts,
): void {
  const { sessionKey, frontchannelLogout } = settings
  const held = holding.hold(readStrategyData(session, sessionKey), id, record)
  const data = withLoginNote(held, settings.grants === undefined ? note : undefined)
  const isNeeded = frontchannelLogout || hasLogoutPage()
  writeStrategyData(session, sessionKey, isNeeded ? withProviderSession(data, claims) : data)
}
