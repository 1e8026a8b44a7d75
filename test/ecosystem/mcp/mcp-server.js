import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import {
  getOAuthProtectedResourceMetadataUrl,
  mcpAuthRouter,
} from '@modelcontextprotocol/sdk/server/auth/router.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'
import { z } from 'zod'

/** How long the tool `count` takes, in milliseconds, and in how many steps. */
const STEP_MS = 1_000
const STEPS = 4

/** The scope that all tools need, and that of the tool `erase`. */
const SCOPE = ['tools']
const SCOPE_TO_ERASE = ['tools', 'admin']

/**
 * Starts an MCP server as the documentation of the official SDK shows it, which is its own authorization server.
 *
 * @param authorization what it knows of clients and tokens
 * @param port that of an earlier one, to restart it
 */
export async function startMcpServer(authorization, port = 0) {
  const app = express()
  const listening = app.listen(port, '127.0.0.1')
  await once(listening, 'listening')
  const origin = `http://127.0.0.1:${listening.address().port}`
  const resource = new URL('/mcp', origin)

  app.use(
    mcpAuthRouter({
      provider: authorization,
      issuerUrl: new URL(origin),
      resourceServerUrl: resource,
      resourceName: 'Test server',
      scopesSupported: SCOPE_TO_ERASE,
    }),
  )
  const require = (requiredScopes) =>
    requireBearerAuth({
      verifier: authorization,
      requiredScopes,
      resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource),
      expectedResource: resource,
    })
  const requireMore = require(SCOPE_TO_ERASE)
  app.use('/mcp', express.json(), require(SCOPE), (req, res, next) => {
    if (req.body?.params?.name === 'erase') requireMore(req, res, next)
    else next()
  })

  const transports = new Map()
  app.all('/mcp', async (req, res) => {
    const id = req.headers['mcp-session-id']
    const transport = transports.get(id) ?? (id === undefined ? await newSession() : undefined)
    if (transport === undefined) res.status(404).end()
    else await transport.handleRequest(req, res, req.body)
  })

  async function newSession() {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => transports.set(id, transport),
    })
    await createServer().connect(transport)
    return transport
  }

  return {
    address: resource.href,
    issuer: new URL(origin).href,
    port: listening.address().port,
    async close() {
      listening.close()
      listening.closeAllConnections()
      await once(listening, 'close')
    },
  }
}

function createServer() {
  const server = new McpServer({ name: 'test', version: '1.0.0' })
  const text = (value) => ({ content: [{ type: 'text', text: value }] })
  server.registerTool('add', { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) =>
    text(`${a + b}`),
  )
  server.registerTool('erase', {}, () => text('Erased'))
  server.registerTool('count', {}, async ({ _meta, sendNotification }) => {
    for (let progress = 1; progress <= STEPS; progress++) {
      await sleep(STEP_MS)
      const { progressToken } = _meta
      const params = { progressToken, progress, total: STEPS }
      await sendNotification({ method: 'notifications/progress', params })
    }
    return text('Counted')
  })
  return server
}
