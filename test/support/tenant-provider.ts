import { discover } from '../../src/index.js'
import { startIdTokenServer } from './id-token-server.js'
import type { IdTokenServer } from './id-token-server.js'
import type { TenantsApp } from './tenants-app.js'

/** Starts an oidc-provider for a tenant, and writes the tenant's settings. */
export async function startTenantProvider(app: TenantsApp, tenant: string): Promise<IdTokenServer> {
  const server = await startIdTokenServer({
    algorithm: 'ES256',
    callbackURL: app.at(tenant, '/auth/callback'),
  })
  const { clientID, clientSecret } = server
  app.settings.set(tenant, {
    ...{ ...(await discover(server.origin)), clientID, clientSecret, scope: 'openid' },
    profileURL: undefined,
  })
  return server
}
