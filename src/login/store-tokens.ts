import type { IdTokenClaims } from '../endpoints/id-token.js'
import { namesOf } from '../endpoints/logout-token.js'
import type { LogoutTokenSettings } from '../endpoints/logout-token.js'
import type { Exchanged } from '../endpoints/token.js'
import { LoginRequiredError } from '../errors/errors.js'
import { withEntry } from '../grants/token-entry.js'
import type { BegunGrant, TokenEntries } from '../grants/token-entry.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { carryPendingLogins } from './session-pending-logins.js'
import type { Ledger } from '../options/ledger.js'
import type { TokenSet } from '../options/token-set.js'
import { fillWhenRegenerated } from '../session/replace-session.js'
import {
  clearFields,
  keepFields,
  readStrategyData,
  requireSession,
  saveSession,
  writeStrategyData,
} from '../session/request-session.js'
import { reloadSession } from '../session/stored-session.js'

/**
 * Puts the tokens of a login into its session: the current one if another provider is `connecting`, otherwise the
 * new one that Passport makes next.
 *
 * @throws {LoginRequiredError} if the person has logged out meanwhile
 * @throws {StorageError} if the session store or the ledger fails
 */
export type StoreTokens = (
  request: LoginRequest,
  exchanged: Exchanged,
  connecting: boolean,
) => Promise<void>

/** The options of the strategy that keeping a login depends on. */
export interface StoreTokensSettings extends LogoutTokenSettings {
  readonly sessionKey: string
  readonly keepSession: readonly string[]
  readonly backchannelLogout: boolean
}

/** What storing tokens needs. */
export interface StoreTokensParts {
  readonly settings: StoreTokensSettings
  readonly entries: TokenEntries
  readonly ledger: Pick<Ledger, 'enrol'>
  /** Takes the grant out of the session again. */
  readonly forget: (request: LoginRequest) => Promise<void>
  /** Revokes tokens that nobody will use. */
  readonly revoke: (tokens: TokenSet) => Promise<void>
}

/** Creates {@link StoreTokens}. */
export function createStoreTokens(parts: StoreTokensParts): StoreTokens {
  const { settings, entries, ledger } = parts
  return async (request, { tokens, claims }, connecting) => {
    const grant = await entries.begin(tokens, connecting)
    const confirm: Confirm =
      settings.backchannelLogout && claims !== undefined
        ? (session) => enrolLogin(session.id, grant, claims, ledger, settings)
        : undefined
    if (connecting) await storeInPresentSession(request, tokens, grant, confirm, parts)
    else storeInNewSession(request, grant, confirm, settings)
  }
}

/**
 * Makes sure that the provider has not ended the login meanwhile. Runs after the session was stored: then
 * either the provider's logout finds the session, or this finds the logout.
 *
 * @throws {LoginRequiredError} if the provider has ended the login
 */
type Confirm = ((session: LoginSession) => Promise<void>) | undefined

async function storeInPresentSession(
  request: LoginRequest,
  tokens: TokenSet,
  { entry }: BegunGrant,
  confirm: Confirm,
  { settings: { sessionKey }, forget, revoke }: StoreTokensParts,
): Promise<void> {
  const session = requireSession(request)
  // The session was read before the provider was asked, and may have changed since.
  const present = await reloadSession(request)
  if (present === undefined) {
    // The person has logged out meanwhile: these tokens have no owner.
    void revoke(tokens)
    throw new LoginRequiredError('not_logged_in')
  }
  carryPendingLogins(session, present)
  writeStrategyData(present, sessionKey, withEntry(readStrategyData(present, sessionKey), entry))
  await saveSession(present)
  await confirm?.(present).catch(async (error: unknown) => {
    await forget(request)
    throw error
  })
}

function storeInNewSession(
  request: LoginRequest,
  { entry }: BegunGrant,
  confirm: Confirm,
  { sessionKey, keepSession }: StoreTokensSettings,
): void {
  const session = requireSession(request)
  fillWhenRegenerated(request, session, {
    fill: (fresh) => {
      keepFields(keepSession, session, fresh)
      carryPendingLogins(session, fresh)
      writeStrategyData(fresh, sessionKey, withEntry(readStrategyData(fresh, sessionKey), entry))
      // Passport's `keepSessionInfo` copies whatever is left here over the new session.
      clearFields(session)
    },
    confirm,
  })
}

/** No session can live longer than browsers keep its cookie: 400 days, in **milliseconds**. */
const LONGEST_SESSION_MS = 400 * 24 * 60 * 60 * 1000

/** Registers the login with the ledger, so that the provider can end it. */
async function enrolLogin(
  sessionId: string,
  { grant, entry }: BegunGrant,
  claims: IdTokenClaims,
  ledger: Pick<Ledger, 'enrol'>,
  settings: StoreTokensSettings,
): Promise<void> {
  const accepted = await ledger.enrol(
    { sessionId, entryId: entry.id },
    grant,
    namesOf(claims, settings),
    (claims.iat ?? 0) * 1000,
    LONGEST_SESSION_MS,
  )
  if (!accepted) throw new LoginRequiredError('grant_ended')
}
