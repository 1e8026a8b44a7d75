import { hash } from 'node:crypto'

/** By which of its names the provider ends a login. */
export type ProviderNameKind = 'sid' | 'sub'

/** A name under which a provider can end logins: a session there, or a person. */
export interface ProviderName {
  readonly kind: ProviderNameKind
  readonly name: string
}

/** The index of a person's grants. It is readable, for operators; only a slash in the strategy's name is encoded. */
export function accountName(strategy: string, account: string): string {
  return `account/${encoded(strategy)}/${account}`
}

/** The index of the logins that use grants which survive them. */
export function loginsName(strategy: string, account: string): string {
  return `logins/${encoded(strategy)}/${account}`
}

/** The index of all grants of a strategy that can be refreshed. */
export function strategyName(strategy: string): string {
  return `strategy/${encoded(strategy)}`
}

/** What the names of {@link personName} begin with. */
const PERSON = 'person/'

/** What a person grants something to: this client, at its provider. Several strategies may be one client. */
export interface GrantedClient {
  readonly issuer?: string | undefined
  /** Takes the place of the issuer if there is none. */
  readonly tokenURL?: string | undefined
  readonly clientID: string
  /** See the option of this name: what is said of a client there is not said of the same client of another tenant. */
  readonly tenant?: string | undefined
}

/**
 * The index of what one person at the provider has granted to a client, by whatever strategy and whatever account they
 * have in the application: the provider may end all of that at once. Without a subject, that of all grants whose person
 * the provider does not name. A digest.
 *
 * @param subject the person's id at the provider
 */
export function personName(
  { issuer, tokenURL, clientID, tenant }: GrantedClient,
  subject: string | undefined,
): string {
  const text = JSON.stringify([issuer ?? tokenURL, clientID, subject ?? null, ...ofTenant(tenant)])
  return PERSON + hash('sha256', text, 'base64url')
}

/** The one of a grant's names that {@link personName} has made. */
export function personNameIn(names: readonly string[]): string | undefined {
  return names.find((name) => name.startsWith(PERSON))
}

/** A name has as many slashes as it has parts, whatever is in the strategy's name. */
function encoded(strategy: string): string {
  return strategy.replaceAll('%', '%25').replaceAll('/', '%2F')
}

/** What a digest has more if it is of a tenant's: without one, digests are as they always were. */
function ofTenant(tenant: string | undefined): readonly string[] {
  return tenant === undefined ? [] : [tenant]
}

/** A client whose logins its provider can end. */
export type EndableClient = Pick<GrantedClient, 'issuer' | 'clientID' | 'tenant'>

/** The names under which a provider can end a login: one for the session there, and one for the person. Digests. */
export function providerNames(
  { sub, sid }: Readonly<Record<string, unknown>>,
  { issuer, clientID, tenant }: EndableClient,
): readonly ProviderName[] {
  const kinds: readonly [ProviderNameKind, unknown][] = [
    ['sid', sid],
    ['sub', sub],
  ]
  return kinds
    .filter(([, value]) => typeof value === 'string')
    .map(([kind, value]) => {
      const text = JSON.stringify([issuer, clientID, value, ...ofTenant(tenant)])
      return { kind, name: `${kind}/${hash('sha256', text, 'base64url')}` }
    })
}

/** Whether {@link providerNames} has made a name. */
export function isProviderName(name: string): boolean {
  return name.startsWith('sid/') || name.startsWith('sub/')
}

/** Those under which the provider may end this client's logins. A front-channel logout never names a person. */
export function endableNames(
  claims: Readonly<Record<string, unknown>>,
  client: EndableClient & {
    readonly backchannelLogout: boolean
    readonly frontchannelLogout: boolean
  },
): readonly ProviderName[] {
  const { backchannelLogout, frontchannelLogout } = client
  return providerNames(claims, client).filter(
    ({ kind }) => backchannelLogout || (frontchannelLogout && kind === 'sid'),
  )
}
