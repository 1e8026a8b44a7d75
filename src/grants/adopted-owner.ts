import type { LoginRequest } from '../lib/login-request.js'
import type { AdoptedOwners } from './adoption.js'
import type { EndedGrant, GrantEngine } from './engine.js'
import type { GrantOwner } from './grant-record.js'
import type { GrantIndex } from './grant-index.js'
import { accountName, personName, endableNames, strategyName } from './index-names.js'

/** What {@link createAdoptedOwners} needs. */
export interface AdoptedOwnersParts {
  readonly settings: {
    readonly name: string
    readonly issuer?: string | undefined
    readonly tokenURL?: string | undefined
    readonly clientID: string
    readonly backchannelLogout: boolean
    readonly frontchannelLogout: boolean
  }
  readonly engine: Pick<GrantEngine, 'end'>
  readonly index: Pick<GrantIndex, 'link' | 'unlink' | 'hasEnded'>
  /** The account of who is logged in on a request. */
  readonly accountOn: (request: LoginRequest) => string | undefined
  /** The claims of an ID token, which was verified when it came; `undefined` if it cannot be read. */
  readonly claimsOf: (idToken: string) => Readonly<Record<string, unknown>> | undefined
  readonly revoking: { readonly loggedOut: (grant: EndedGrant) => Promise<void> }
}

/** Creates {@link AdoptedOwners}. */
export function createAdoptedOwners(parts: AdoptedOwnersParts): AdoptedOwners {
  const { settings, engine, index, accountOn, revoking } = parts
  const { name } = settings

  return {
    ownerOf(request, idToken) {
      const account = accountOn(request)
      // One that cannot be read names nobody.
      const claims = (idToken === undefined ? undefined : parts.claimsOf(idToken)) ?? {}
      const providers = endableNames(claims, settings)
      const { sub } = claims
      const names = [
        ...providers.map((one) => one.name),
        personName(settings, typeof sub === 'string' ? sub : undefined),
        ...(account === undefined ? [] : [accountName(name, account)]),
        strategyName(name),
      ]
      const isFound = providers.length > 0 || account !== undefined
      const of: GrantOwner = {
        account,
        names,
        sessionId: isFound ? request.sessionID : undefined,
        authenticatedAt: providers.length > 0 ? authenticatedAt(claims) : undefined,
      }
      return { of, providers }
    },

    async list(id, { of, providers }, lifetimeMs) {
      await index.link(id, of.names, lifetimeMs)
      const { authenticatedAt: at = 0 } = of
      // When it was under way here is not known any more.
      const times = { authenticatedAt: at, here: at }
      if (providers.length === 0 || !(await index.hasEnded(providers, times))) return
      const ended = await engine.end(id)
      if (ended === undefined) return
      void revoking.loggedOut(ended)
      // A link that stays lists nothing.
      await index.unlink(id, of.names).catch(() => undefined)
    },
  }
}

/** The ID token may be one of a refresh, which is newer than the login: `auth_time` is not. */
function authenticatedAt({ auth_time: time, iat }: Readonly<Record<string, unknown>>): number {
  const seconds = [time, iat].find((one): one is number => typeof one === 'number') ?? 0
  return seconds * 1000
}
