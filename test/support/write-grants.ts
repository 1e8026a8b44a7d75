import { randomUUID } from 'node:crypto'
import { AuthorizationCodeStrategy } from '../../src/index.js'
import type { Grants } from '../../src/index.js'

/** Writes some grants into a store. */
export async function writeGrants(grants: Grants, count: number): Promise<void> {
  new AuthorizationCodeStrategy({
    name: 'company',
    authorizationURL: 'https://login.example/authorize',
    tokenURL: 'https://login.example/token',
    clientID: 'client-1',
    clientSecret: 'secret',
    callbackURL: 'https://app.example/callback',
    grants,
  })
  const given = Array.from({ length: count }, () => ({
    strategy: 'company',
    account: randomUUID(),
    refreshToken: 'a refresh token',
  }))
  await grants.import(given)
}
