import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express, { Router } from 'express'
import type { ResourceServerParts } from '../authorization-server/tenant-definition.js'
import { createNotesServer, WRITING_TOOLS } from './notes-tools.js'

/** How many notes of one person are kept: this is an example, and they are in memory. */
const MAXIMUM_NOTES = 100

/** The MCP endpoint: Streamable HTTP without sessions, behind bearer tokens that are for this resource. */
export function mcpEndpoint({
  findToken,
  metadataURL,
  resource,
}: ResourceServerParts & { readonly metadataURL: string }): Router {
  const notes = new Map<string, string[]>()
  const common = {
    verifier: {
      async verifyAccessToken(token: string) {
        const facts = await findToken(token)
        if (facts === undefined) throw new InvalidTokenError('The access token is not valid')
        const { account, audience, clientID, expiresAt, scopes } = facts
        return {
          ...{ token, expiresAt, clientId: clientID, scopes: [...scopes] },
          resource: new URL(audience),
          extra: { account },
        }
      },
    },
    resourceMetadataUrl: metadataURL,
    expectedResource: new URL(resource),
  }
  const forReaders = requireBearerAuth({ ...common, requiredScopes: ['notes:read'] })
  const forWriters = requireBearerAuth({ ...common, requiredScopes: ['notes:read', 'notes:write'] })

  const router = Router()
  // Whoever may not write is told so before the server sees the call, by the status that clients know: 403.
  router.use(express.json({ type: () => true }), (req, res, next) => {
    const isWriting = toolsCalledBy(req.body).some((tool) => WRITING_TOOLS.has(tool))
    return (isWriting ? forWriters : forReaders)(req, res, next)
  })

  router.post('/', async (req, res) => {
    const account = String(req.auth?.extra?.['account'])
    const own = notes.get(account) ?? []
    notes.set(account, own)
    const server = createNotesServer({
      all: () => own,
      add(text) {
        own.push(text)
        own.splice(0, own.length - MAXIMUM_NOTES)
      },
    })
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
    res.on('close', () => void server.close())
    await server.connect(transport)
    await transport.handleRequest(req, res, req.body)
  })

  // Without sessions, there is nothing to listen to and nothing to end.
  router.use((_req, res) => {
    res.status(405).set('allow', 'POST').end()
  })
  return router
}

/** The names of the tools that a message calls, or each of several messages. */
function toolsCalledBy(body: unknown): readonly unknown[] {
  return [body].flat().flatMap((message) => {
    const { method, params } = Object(message) as Readonly<Record<string, unknown>>
    return method === 'tools/call' ? [(Object(params) as { readonly name?: unknown }).name] : []
  })
}
