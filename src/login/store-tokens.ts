import { ConfigurationError, LoginRequiredError } from '../errors/errors.js'
import type { BeginLogin } from '../grants/begin-login.js'
import type { GrantEngine } from '../grants/engine.js'
import type { GrantIndex } from '../grants/grant-index.js'
import type { Holding } from '../grants/holding.js'
import type { Revoking } from '../grants/revoking.js'
import { hasEnded } from '../grants/grant-record.js'
import { grantIdOf, withoutGrant } from '../grants/session-entry.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { subjectOf } from './accepted-login.js'
import type { AcceptedLogin, StoreTokens } from './accepted-login.js'
import { onFailedLogin } from './failed-login.js'
import { carryPendingLogins } from './session-pending-logins.js'
import { fillWhenRegenerated } from '../session/replace-session.js'
import {
  clearFields,
  keepFields,
  readStrategyData,
  requireSession,
  writeStrategyData,
} from '../session/request-session.js'
import { reloadSession, saveSession } from '../session/stored-session.js'

/** The options of the strategy that keeping a login depends on. */
export interface StoreTokensSettings {
  readonly sessionKey: string
  readonly keepSession: readonly string[]
  readonly grantLifetime: 'login' | 'account'
}

/** What storing tokens needs. */
export interface StoreTokensParts {
  readonly settings: StoreTokensSettings
  /** Identifies the strategy. */
  readonly strategy: string
  readonly beginLogin: BeginLogin
  readonly engine: GrantEngine
  readonly index: GrantIndex
  readonly holding: Holding
  readonly revoking: Revoking
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
  const { user: present } = request as LoginRequest & { readonly user?: object }
  const person = login.connecting ? present : login.user
  const account = person === undefined ? undefined : accountOf(person)
  if (account === undefined && settings.grantLifetime === 'account') {
    discard(login, parts)
    throw new ConfigurationError(
      "With grantLifetime 'account', each user needs an account id, by which their grant is found. Set accountOf to a function that returns it, or return a user with an id from verify.",
      'accountOf',
    )
  }
  return account
}

async function storeInPresentSession(
  request: LoginRequest,
  login: AcceptedLogin,
  account: string | undefined,
  parts: StoreTokensParts,
): Promise<void> {
  const session = requireSession(request)
  // The session was read before the provider was asked, and may have changed since.
  const present = await reloadSession(request)
  if (present === undefined) {
    // The person has logged out meanwhile: these tokens have no owner.
    const of = { account, names: [] }
    void parts.revoking.loggedOut({ tokens: [login.tokens], of, strategy: parts.strategy })
    throw new LoginRequiredError('not_logged_in')
  }
  carryPendingLogins(session, present, parts.settings.sessionKey)
  const replaced = grantIdOf(readStrategyData(present, parts.settings.sessionKey))
  const id = await hold(present, login, account, parts)
  await saveSession(present).catch((error: unknown) => {
    void endUnused(id, parts)
    throw error
  })
  if (replaced !== undefined) void endUnused(replaced, parts)
  try {
    await refuseEnded(id, parts)
  } catch (error) {
    const { sessionKey } = parts.settings
    const left = withoutGrant(readStrategyData(present, sessionKey), id, false)
    if (left !== undefined) writeStrategyData(present, sessionKey, left)
    await saveSession(present)
    throw error
  }
}

function storeInNewSession(
  request: LoginRequest,
  login: AcceptedLogin,
  account: string | undefined,
  parts: StoreTokensParts,
): void {
  const { keepSession, sessionKey } = parts.settings
  const session = requireSession(request)
  const replaced = grantIdOf(readStrategyData(session, sessionKey))
  let hasBegun = false
  let id: string | undefined
  onFailedLogin(request, () => {
    if (id !== undefined) void endUnused(id, parts)
  })
  // An application's own callback may decide against the login.
  request.res?.once('close', () => {
    if (!hasBegun) discard(login, parts)
  })
  fillWhenRegenerated(request, session, {
    fill: async (fresh) => {
      keepFields(keepSession, session, fresh)
      carryPendingLogins(session, fresh, sessionKey)
      // Passport's `keepSessionInfo` copies whatever is left here over the new session.
      clearFields(session)
      hasBegun = true
      id = await hold(fresh, login, account, parts)
      if (replaced !== undefined) void endUnused(replaced, parts)
    },
    stored: async () => {
      if (id !== undefined) await refuseEnded(id, parts)
    },
  })
}

/**
 * Looks at the grant once more when the session is stored. Whoever has ended it before that has found no session to end, and
 * whoever ends it from now on finds the session. If the store fails, the login goes on.
 *
 * @throws {LoginRequiredError} if it has ended
 */
async function refuseEnded(id: string, { engine }: StoreTokensParts): Promise<void> {
  const record = await engine.look(id).catch(() => undefined)
  if (record !== undefined && hasEnded(record)) throw new LoginRequiredError('grant_ended')
}

/** Revokes the tokens of a login that nobody receives. */
function discard({ tokens, claims, profile }: AcceptedLogin, parts: StoreTokensParts): void {
  void parts.revoking.discard(tokens, subjectOf(claims, profile))
}

/** Begins the grant and writes it into the session. Resolves to the grant's id. */
async function hold(
  session: LoginSession,
  { tokens, claims, profile, exchangedAt, connecting }: AcceptedLogin,
  account: string | undefined,
  { settings: { sessionKey }, beginLogin, holding, lifetimeOf }: StoreTokensParts,
): Promise<string> {
  const { id, record } = await beginLogin({
    tokens,
    claims,
    exchangedAt,
    account,
    subject: subjectOf(claims, profile),
    sessionId: session.id,
    connected: connecting,
    lifetimeMs: lifetimeOf(session),
  })
  const data = readStrategyData(session, sessionKey)
  writeStrategyData(session, sessionKey, holding.hold(data, id, record))
  return id
}

/** Ends a grant that no session has: another login has replaced it, or its session could not be saved. Never rejects. */
async function endUnused(id: string, { engine, index, revoking }: StoreTokensParts): Promise<void> {
  try {
    const ended = await engine.end(id)
    if (ended === undefined) return
    await index.unlink(id, ended.of.names)
    await revoking.replaced(ended)
  } catch {
    // The store fails: the grant expires by itself, and no session has it any more.
  }
}
