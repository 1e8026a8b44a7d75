import { randomBytes } from 'node:crypto'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { askaraTenant, defineAskara } from './authorization-server/askara.js'
import { defineJiko, jikoTenant } from './authorization-server/jiko.js'
import { defineNotes, notesTenant } from './authorization-server/notes.js'
import { defineOpenId, openIdTenant } from './authorization-server/openid.js'
import type { AuthorizationServerOptions, PerTenant } from './authorization-server/options.js'
import { startTenant, type RunningTenant } from './authorization-server/tenant.js'
import type { TenantDefinition } from './authorization-server/tenant-definition.js'
import type { Tenants } from './authorization-server/tenants.js'

export type { AuthorizationServerOptions, PerTenant } from './authorization-server/options.js'
export type {
  AskaraTenant,
  JikoTenant,
  NotesTenant,
  OpenIdTenant,
  Tenants,
} from './authorization-server/tenants.js'
export type { TokenRequest } from './authorization-server/token-requests.js'

/** The running providers. */
export interface AuthorizationServer {
  /** The issuer identifiers, each the origin of its provider, for discovery and for `iss`. */
  readonly issuers: PerTenant<string>
  readonly tenants: Tenants
  /** Ends all that was granted so far, as when people take their consent back. */
  endGrants(): void
  /** Cuts every connection and stops listening. All that was granted is forgotten. */
  close(): Promise<void>
}

/**
 * Starts local stand-ins for Askara and Jiko, for trying out and for tests: their paths, formats,
 * client authentication and lifetimes, with a login page where any name will do and a consent page. Beside them
 * start an OpenID provider, for what these two do not have, and a server that can be connected by its address. Every start has new secrets and keys. It is no
 * authorization server for anybody else.
 */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<AuthorizationServer> {
  const clientSecret = { askara: generateSecret(), openid: generateSecret() }
  const key = await generateClientKey()

  const [askara, jiko, openid, notes] = await startAll([
    defineAskara(options, clientSecret.askara),
    defineJiko(options, options.clientKeys ?? key.jwks),
    defineOpenId(options, clientSecret.openid),
    defineNotes(options),
  ])
  const all = [askara, jiko, openid, notes]

  return {
    issuers: {
      askara: askara.origin,
      jiko: jiko.origin,
      openid: openid.origin,
      notes: notes.origin,
    },
    tenants: {
      askara: askaraTenant(askara.origin, clientSecret.askara),
      jiko: jikoTenant(jiko.origin, { privateKey: key.pem, keyId: key.keyId }),
      openid: openIdTenant(openid.origin, clientSecret.openid),
      notes: notesTenant(notes.origin),
    },
    endGrants() {
      for (const one of all) one.endGrants()
    },
    async close() {
      await Promise.all(all.map((one) => one.close()))
    },
  }
}

/** Starts all of them, or none if one cannot be started. */
async function startAll<const Definitions extends readonly TenantDefinition[]>(
  definitions: Definitions,
): Promise<{ readonly [Index in keyof Definitions]: RunningTenant }> {
  const starts = await Promise.allSettled(definitions.map(startTenant))
  const started = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
  const failed = starts.find((start) => start.status === 'rejected')
  if (failed === undefined) return started as { [Index in keyof Definitions]: RunningTenant }
  await Promise.all(started.map((one) => one.close()))
  throw failed.reason
}

function generateSecret(): string {
  return randomBytes(32).toString('base64url')
}

async function generateClientKey() {
  const { privateKey, publicKey } = await generateKeyPair('PS256', { extractable: true })
  const keyId = randomBytes(8).toString('hex')
  const jwk = { ...(await exportJWK(publicKey)), kid: keyId, alg: 'PS256', use: 'sig' }
  return { keyId, pem: await exportPKCS8(privateKey), jwks: { keys: [jwk] } }
}
