import { notesRouter } from '../notes-server/notes-router.js'
import { DAY_SECONDS } from './common-metadata.js'
import type { AuthorizationServerOptions } from './options.js'
import type { TenantDefinition } from './tenant-definition.js'
import type { NotesTenant } from './tenants.js'

/**
 * Example Notes: an MCP server of no real company, with the authorization server that it trusts. Clients register themselves there,
 * and ask for tokens that are for this server alone.
 */
export function defineNotes(options: AuthorizationServerOptions): TenantDefinition {
  return {
    tenant: 'notes',
    displayName: 'Example Notes',
    port: options.ports?.notes ?? 0,
    paths: {
      authorization: '/authorize',
      token: '/token',
      revocation: '/revoke',
      resource: '/mcp',
    },
    client: undefined,
    tokenRequestFormat: 'form',
    isRedirectURIRequired: true,
    isPkceRequired: true,
    scopes: { 'notes:read': 'Read your notes', 'notes:write': 'Write notes for you' },
    accessTokenSeconds: options.accessTokenSeconds?.notes ?? 60 * 60,
    refreshTokenSeconds: options.refreshTokenSeconds?.notes ?? 90 * DAY_SECONDS,
    rotateRefreshTokens: options.rotateRefreshTokens ?? true,
    onTokenRequest: options.onTokenRequest,
    onRevocation: options.onRevocation,
    resource: { createRouter: notesRouter },
  }
}

/** How to reach it. */
export function notesTenant(origin: string): NotesTenant {
  return { resource: `${origin}/mcp` }
}
