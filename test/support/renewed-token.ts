import type { AuthorizationCodeStrategy } from '../../src/index.js'

type Holder = Parameters<AuthorizationCodeStrategy['tokens']>[0]

/** Resolves to another access token than the session has, as an application asks when an API has refused that one. */
export async function renewedToken(
  strategy: AuthorizationCodeStrategy,
  req: Holder,
): Promise<string> {
  const present = await strategy.tokens(req)
  return strategy.accessToken(req, present && { refused: present.accessToken })
}
