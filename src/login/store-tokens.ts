import type { IdTokenClaims } from '../endpoints/id-token.js'
import type { Exchanged } from '../endpoints/token.js'
import { LoginRequiredError } from '../errors/errors.js'
import { randomId } from '../lib/random-id.js'
import type { GrantEngine } from '../grants/grant-engine.js'
import { accountName, providerNames } from '../grants/grant-index.js'
import type { GrantIndex } from '../grants/grant-index.js'
import type { Holding } from '../grants/holding.js'
import { renewalTime } from '../grants/line-state.js'
import { grantIdOf } from '../grants/session-entry.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { carryPendingLogins } from './session-pending-logins.js'
import type { TokenSet } from '../options/token-set.js'
import { fillWhenRegenerated } from '../session/replace-session.js'
import {
  clearFields,
  keepFields,
  readStrategyData,
  requireSession,
  writeStrategyData,
} from '../session/request-session.js'
import { reloadSession, saveSession } from '../session/stored-session.js'

/**
 * Stores the tokens of a login as a grant, and puts the grant into the session: the current one if another provider is
 * `connecting`, otherwise the new one that Passport makes next.
 *
 * @throws {LoginRequiredError} if the person has logged out meanwhile, here or at the provider
 * @throws {StorageError} if the session store or the store of grants fails
 */
export type StoreTokens = (
  request: LoginRequest,
  exchanged: Exchanged,
  user: object,
  connecting: boolean,
) => Promise<void>

/** The options of the strategy that keeping a login depends on. */
export interface StoreTokensSettings {
  readonly name: string
  readonly issuer?: string | undefined
  readonly clientID: string
  readonly sessionKey: string
  readonly keepSession: readonly string[]
  readonly backchannelLogout: boolean
  readonly refreshBeforeSeconds: number
}

/** What storing tokens needs. */
export interface StoreTokensParts {
  readonly settings: StoreTokensSettings
  /** Identifies the strategy. */
  readonly strategyId: string
  readonly engine: GrantEngine
  readonly index: GrantIndex
  readonly holding: Holding
  /** The application's own id of the person; `undefined` if grants are not listed by account. */
  readonly accountOf: (user: object) => string | undefined
  /** How long the grant lives without being used, in **milliseconds**. */
  readonly lifetimeOf: (session: LoginSession) => number
  /** Revokes tokens that nobody will use. */
  readonly revoke: (tokens: TokenSet) => Promise<void>
}

/** Creates {@link StoreTokens}. */
export function createStoreTokens(parts: StoreTokensParts): StoreTokens {
  return async (request, exchanged, user, connecting) => {
    if (connecting) await storeInPresentSession(request, exchanged, user, parts)
    else storeInNewSession(request, exchanged, user, parts)
  }
}

async function storeInPresentSession(
  request: LoginRequest,
  exchanged: Exchanged,
  user: object,
  parts: StoreTokensParts,
): Promise<void> {
  const session = requireSession(request)
  // The session was read before the provider was asked, and may have changed since.
  const present = await reloadSession(request)
  if (present === undefined) {
    // The person has logged out meanwhile: these tokens have no owner.
    void parts.revoke(exchanged.tokens)
    throw new LoginRequiredError('not_logged_in')
  }
  carryPendingLogins(session, present)
  await beginGrant(present, exchanged, user, true, parts)
  await saveSession(present)
}

function storeInNewSession(
  request: LoginRequest,
  exchanged: Exchanged,
  user: object,
  parts: StoreTokensParts,
): void {
  const { keepSession, sessionKey } = parts.settings
  const session = requireSession(request)
  const replaced = grantIdOf(readStrategyData(session, sessionKey))
  fillWhenRegenerated(request, session, {
    fill: async (fresh) => {
      keepFields(keepSession, session, fresh)
      carryPendingLogins(session, fresh)
      // Passport's `keepSessionInfo` copies whatever is left here over the new session.
      clearFields(session)
      await beginGrant(fresh, exchanged, user, false, parts)
      if (replaced !== undefined) void endReplaced(replaced, parts)
    },
  })
}

/**
 * Begins the grant and writes it into the session. The order matters: the record, then the names it is listed under,
 * then a look whether the provider has ended one of them. So either the provider's logout finds the login, or this
 * finds the logout.
 */
async function beginGrant(
  session: LoginSession,
  { tokens, claims }: Exchanged,
  user: object,
  connecting: boolean,
  parts: StoreTokensParts,
): Promise<void> {
  const { settings, strategyId, engine, index, holding } = parts
  const id = randomId()
  const account = parts.accountOf(user)
  const providers = providerNamesOf(claims, settings)
  const names = providers.map(({ name }) => name)
  if (account !== undefined) names.push(accountName(settings.name, account))
  const authenticatedAt = (claims?.iat ?? 0) * 1000
  const lifetimeMs = parts.lifetimeOf(session)
  const record = await engine.begin(id, {
    strategy: strategyId,
    tokens,
    renewAt: renewalTime(tokens, settings.refreshBeforeSeconds, Date.now()),
    lifetimeMs,
    of: {
      account,
      names,
      sessionId: providers.length > 0 ? session.id : undefined,
      authenticatedAt: providers.length > 0 ? authenticatedAt : undefined,
      connected: connecting || undefined,
    },
  })
  await index.link(id, names, lifetimeMs)
  if (providers.length > 0 && (await index.hasEnded(providers, authenticatedAt))) {
    await engine.end(id)
    void parts.revoke(tokens)
    throw new LoginRequiredError('grant_ended')
  }
  const data = readStrategyData(session, settings.sessionKey)
  writeStrategyData(session, settings.sessionKey, holding.hold(data, id, record))
}

/** The names under which the provider can end this login, if it can. */
function providerNamesOf(
  claims: IdTokenClaims | undefined,
  settings: StoreTokensSettings,
): ReturnType<typeof providerNames> {
  return settings.backchannelLogout && claims !== undefined ? providerNames(claims, settings) : []
}

/** Ends the grant that a login over a login replaces. Its tokens expire by themselves: revoking them could end this one. */
async function endReplaced(id: string, { engine, index }: StoreTokensParts): Promise<void> {
  try {
    const ended = await engine.end(id)
    if (ended !== undefined) await index.unlink(id, ended.of.names)
  } catch {
    // The store fails: the grant expires by itself, and no session has it any more.
  }
}
