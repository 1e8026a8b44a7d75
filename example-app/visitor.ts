import type { Request } from 'express'
import type { DefaultUser } from 'passport-authorization-code'
import type { ProviderName } from './layout.js'
import type { Provider, Providers } from './providers.js'

/** Who is logged in, as far as the pages are concerned. */
export interface Visitor {
  readonly provider: ProviderName
  /** `undefined` where the provider has no profile, as Jiko. */
  readonly displayName: string | undefined
  /** Names the provider as well: the person's id there could be somebody else's at another one. `undefined` without a profile. */
  readonly account: string | undefined
}

/** Who is logged in. Without a `verify` function, `req.user` is a `DefaultUser`. */
export function visitorOf({ user }: Request): Visitor | undefined {
  if (user === undefined) return undefined
  const { account, profile, provider } = user as DefaultUser
  return { provider: provider as ProviderName, displayName: profile?.displayName, account }
}

/** The provider that a person has logged in with; Askara for everybody else, and for who came by a provider that is gone. */
export function providerOfVisitor(req: Request, providers: Providers): Provider {
  return providers[visitorOf(req)?.provider ?? 'askara'] ?? providers.askara
}
