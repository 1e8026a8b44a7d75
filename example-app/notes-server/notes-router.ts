import { Router, type RequestHandler } from 'express'
import type { ResourceServerParts } from '../authorization-server/tenant-definition.js'

/**
 * The MCP server of this example, as a protected resource: what it says of itself, and its address, where nothing is to be had without
 * an access token.
 *
 * @see [RFC 9728, section 2 - Protected Resource Metadata](https://www.rfc-editor.org/rfc/rfc9728.html#section-2)
 */
export function notesRouter(parts: ResourceServerParts): Router {
  const { issuer, resource } = parts
  const { origin, pathname } = new URL(resource)
  const metadataPath = `/.well-known/oauth-protected-resource${pathname}`
  const router = Router()

  router.get(metadataPath, (_req, res) => {
    res.json({
      resource,
      authorization_servers: [issuer],
      scopes_supported: ['notes:read', 'notes:write'],
      bearer_methods_supported: ['header'],
      resource_name: 'Example Notes',
    })
  })

  // The SDK takes a while to load. The app starts without it.
  let endpoint: Promise<RequestHandler> | undefined
  router.use(pathname, (req, res, next) => {
    endpoint ??= import('./mcp-endpoint.js').then(({ mcpEndpoint }) =>
      mcpEndpoint({ ...parts, metadataURL: origin + metadataPath }),
    )
    endpoint.then((handle) => handle(req, res, next)).catch(next)
  })
  return router
}
