import type Provider from 'oidc-provider'
import type { Grant, KoaContextWithOIDC } from 'oidc-provider'

/** What people have allowed a client, which a provider remembers when tokens are revoked. */
export interface Consents {
  /** Adds what a person has allowed now. */
  remember(grant: Grant): void
  /** What the person who is logged in has allowed the client: their grant, or a new one of the same scope. */
  grantOf(context: KoaContextWithOIDC): Promise<Grant | undefined>
  /** Forgets everything. */
  clear(): void
}

/** Creates {@link Consents}, in memory. */
export function createConsents(): Consents {
  const scopes = new Map<string, string>()
  const keyOf = (account: string, client: string): string => JSON.stringify([account, client])

  return {
    remember({ accountId = '', clientId = '', ...grant }) {
      const key = keyOf(accountId, clientId)
      scopes.set(key, [scopes.get(key), grant.openid?.scope].filter(Boolean).join(' '))
    },
    async grantOf({ oidc }) {
      const { client, provider, result, session } = oidc
      const [accountId, clientId] = [session?.accountId, client?.clientId]
      if (accountId === undefined || clientId === undefined) return undefined
      const grantId = result?.consent?.grantId ?? session?.grantIdFor(clientId)
      const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
      // The session's grant may be another person's, who was logged in before.
      if (known?.accountId === accountId) return known
      const scope = scopes.get(keyOf(accountId, clientId))
      return scope === undefined ? undefined : newGrant(provider, { accountId, clientId, scope })
    },
    clear: () => scopes.clear(),
  }
}

/** What somebody allows. */
interface NewGrant {
  readonly accountId: string
  readonly clientId: string
  readonly scope: string
  /** The resource that it is for, where clients name one. */
  readonly resource?: string | undefined
}

/** Makes a grant and saves it. */
export async function newGrant(
  provider: Provider,
  { accountId, clientId, resource, scope }: NewGrant,
): Promise<Grant> {
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope(scope)
  if (resource !== undefined) grant.addResourceScope(resource, scope)
  await grant.save()
  return grant
}
