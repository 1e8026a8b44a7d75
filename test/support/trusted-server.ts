import type { TrustedServer } from '../../src/connect/authorization-server.js'
import type { ServerMetadata } from '../../src/connect/server-metadata.js'

/** An authorization server whose metadata have these members too. */
export function trustedServer(
  issuer: string,
  changed: Partial<ServerMetadata> = {},
): TrustedServer {
  const metadata = {
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    ...changed,
  }
  return { issuer, metadata }
}
