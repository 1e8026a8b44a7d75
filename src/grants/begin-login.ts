import type { IdTokenClaims } from '../endpoints/id-token.js'
import { LoginRequiredError } from '../errors/login-errors.js'
import { randomId } from '../lib/random-id.js'
import type { TokenSet } from '../options/token-set.js'
import { ACCOUNT_LIFE_MS, accountGrantId } from './account-grant-id.js'
import type { EndedGrant, GrantEngine } from './engine.js'
import { accountName, endableNames, loginsName, personName, strategyName } from './index-names.js'
import { createExtendLogin } from './extend-login.js'
import type { GrantIndex } from './grant-index.js'
import type { GrantedClient, ProviderName } from './index-names.js'
import type { GrantOwner, GrantRecord } from './grant-record.js'
import { renewalTime } from './line-state.js'
import type { BeginLogin, NewTokens } from './new-tokens.js'
import type { BegunLogin } from './stored-login.js'

/** What {@link createBeginLogin} needs. */
export interface BeginLoginParts {
  readonly engine: GrantEngine
  readonly index: GrantIndex
  /** Identifies the strategy. */
  readonly strategy: string
  /** Whether grants are in a store, where they are listed. */
  readonly isListed: boolean
  readonly settings: GrantedClient & {
    readonly name: string
    readonly scope: string | undefined
    readonly backchannelLogout: boolean
    readonly frontchannelLogout: boolean
    readonly refreshBeforeSeconds: number
    readonly grantLifetime: 'login' | 'account'
  }
  /**
   * Revokes the tokens of a login that the person has ended meanwhile or that could not be stored, and those that it pushes
   * out. Never rejects.
   */
  readonly revoking: {
    readonly loggedOut: (grant: EndedGrant) => Promise<void>
    readonly replaced: (grant: EndedGrant) => Promise<void>
    readonly discard: (tokens: TokenSet, subject: string | undefined) => Promise<void>
    readonly unwanted: (tokens: readonly TokenSet[], of: GrantOwner) => Promise<void>
  }
}

/** Creates {@link BeginLogin}. */
export function createBeginLogin(parts: BeginLoginParts): BeginLogin {
  const { engine, index, strategy, settings, isListed, revoking } = parts
  const { name, grantLifetime, refreshBeforeSeconds } = settings
  const extendLogin = createExtendLogin(parts)

  /** Under which names the grant is listed: for jobs, and to know what else the person has granted. */
  function listedNames({ account, subject, tokens }: NewTokens): string[] {
    if (!isListed) return []
    const names = [personName(settings, subject)]
    if (account !== undefined) names.push(accountName(name, account))
    if (tokens.refreshToken !== undefined) names.push(strategyName(name))
    return names
  }

  function ownerOf(login: NewTokens, providers: readonly ProviderName[]): GrantOwner {
    const { account, subject, claims, sessionId, connected, note } = login
    const isFound = providers.length > 0 || account !== undefined
    return {
      account,
      subject,
      names: providers.map((one) => one.name),
      sessionId: isFound ? sessionId : undefined,
      authenticatedAt: providers.length > 0 ? authenticatedAt(claims) : undefined,
      connected: connected || undefined,
      note,
    }
  }

  function renewAt({ tokens }: NewTokens): number | undefined {
    return renewalTime(tokens, refreshBeforeSeconds, Date.now())
  }

  function store(id: string, login: NewTokens, of: GrantOwner): Promise<GrantRecord> {
    const { tokens } = login
    const lifetimeMs = of.outlivesLogin ? ACCOUNT_LIFE_MS : login.lifetimeMs
    const grant = { strategy, tokens, renewAt: renewAt(login), lifetimeMs, of }
    return engine.begin(id, grant, (old) => void revoking.unwanted(old, of))
  }

  /** The login has the tokens, which end with it. */
  async function beginGrant(login: NewTokens, of: GrantOwner): Promise<BegunLogin> {
    const id = randomId()
    try {
      const record = await store(id, login, of)
      await index.link(id, of.names, login.lifetimeMs)
      return { id, record }
    } catch (error) {
      // No session will have it, also if the store has it.
      await engine.end(id).catch(() => undefined)
      throw error
    }
  }

  /** The tokens join the person's grant, which survives the login. */
  async function joinGrant(login: NewTokens, of: GrantOwner, account: string): Promise<BegunLogin> {
    const { subject, tokens, lifetimeMs } = login
    const grant = subject === undefined ? randomId() : accountGrantId(strategy, account, subject)
    const listed = listedNames(login)
    const record = await store(grant, login, {
      account,
      subject,
      names: listed,
      outlivesLogin: true,
    })
    const line = lineStartedBy(tokens, record)
    const id = randomId()
    try {
      await index.link(grant, listed, ACCOUNT_LIFE_MS)
      const names = [...of.names, loginsName(name, account)]
      const own = { ...of, names, through: grant, idToken: tokens.idToken }
      const begun = await engine.beginLogin(id, { strategy, lifetimeMs, of: own })
      await index.link(id, names, lifetimeMs)
      return { id, record: begun, joined: { grant, line } }
    } catch (error) {
      // No session will have it. What the grant had before stays.
      const dropped = line === undefined ? undefined : engine.dropLine(grant, line)
      await Promise.allSettled([engine.end(id), dropped])
      throw error
    }
  }

  async function beginOrExtend(login: NewTokens, of: GrantOwner): Promise<BegunLogin> {
    const { account, extended: grant } = login
    if (grantLifetime === 'account' && account !== undefined) return joinGrant(login, of, account)
    const owner = { ...of, names: [...of.names, ...listedNames(login)] }
    const extended =
      grant && (await extendLogin(grant, { ...login, renewAt: renewAt(login) }, owner))
    return extended ?? beginGrant(login, owner)
  }

  return async (login) => {
    const { claims, exchangedAt } = login
    const providers = claims === undefined ? [] : endableNames(claims, settings)
    const of = ownerOf(login, providers)
    const begun = await beginOrExtend(login, of).catch((error: unknown) => {
      void revoking.discard(login.tokens, login.subject)
      throw error
    })
    const times = { authenticatedAt: authenticatedAt(claims), here: exchangedAt }
    if (providers.length > 0 && (await index.hasEnded(providers, times))) {
      const ended = await engine.end(begun.id)
      if (ended !== undefined) {
        void revoking.loggedOut(ended)
        // A link that stays lists nothing.
        await index.unlink(begun.id, ended.of.names).catch(() => undefined)
      }
      throw new LoginRequiredError('grant_ended')
    }
    return begun
  }
}

/** The line that has the tokens of a login, if they were not added to another line. */
function lineStartedBy(tokens: TokenSet, { lines }: GrantRecord): string | undefined {
  const { accessToken, refreshToken } = tokens
  return lines.find(
    (line) =>
      line.logins === undefined &&
      line.tokens.accessToken === accessToken &&
      line.tokens.refreshToken === refreshToken,
  )?.id
}

function authenticatedAt(claims: IdTokenClaims | undefined): number {
  return (claims?.iat ?? 0) * 1000
}
