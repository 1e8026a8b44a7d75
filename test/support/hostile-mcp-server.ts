import express from 'express'
import { listen } from './http.js'
import type { RunningServer } from './http.js'

/** What a browser would run, wherever it is not escaped. */
export const HOSTILE = `"><img src=x onerror=alert(1)><script>alert('2')</script>`

/** A server that can be connected. */
export interface HostileServer extends RunningServer {
  /** The address to connect. */
  readonly address: string
}

/** Starts an MCP server, with an authorization server that asks nobody, which writes markup wherever it can write something. */
export async function startHostileServer(): Promise<HostileServer> {
  const app = express()
  app.use(express.json(), express.urlencoded({ extended: false }))
  const server = await listen(app)
  const { origin } = server
  const address = `${origin}/mcp`

  app.get('/.well-known/oauth-protected-resource/mcp', (_req, res) => {
    res.json({
      resource: address,
      authorization_servers: [origin],
      resource_name: `Server ${HOSTILE}`,
      scopes_supported: ['<b>scope</b>'],
    })
  })
  app.get('/.well-known/oauth-authorization-server', (_req, res) => {
    res.json({
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
    })
  })
  app.post('/register', (req, res) => {
    const metadata = req.body as object
    res.status(201).json({ ...metadata, client_id: 'client-1' })
  })
  app.get('/authorize', ({ originalUrl }, res) => {
    const { searchParams: asked } = new URL(originalUrl, origin)
    const back = new URL(asked.get('redirect_uri') ?? '')
    back.search = new URLSearchParams({
      code: 'code-1',
      state: asked.get('state') ?? '',
    }).toString()
    res.redirect(back.href)
  })
  app.post('/token', (_req, res) => {
    res.json({ access_token: 'token-1', token_type: 'Bearer', expires_in: 3600 })
  })
  app.post('/mcp', (req, res) => {
    const { id, method } = req.body as { readonly id?: number; readonly method: string }
    if (req.headers.authorization !== 'Bearer token-1') res.status(401).end()
    else if (id === undefined) res.status(202).end()
    else res.json({ jsonrpc: '2.0', id, result: RESULTS[method] })
  })
  app.use((_req, res) => void res.status(405).end())
  return { ...server, address }
}

const RESULTS: Readonly<Record<string, unknown>> = {
  initialize: {
    protocolVersion: '2025-06-18',
    capabilities: { tools: {} },
    serverInfo: { name: HOSTILE, version: '1' },
  },
  'tools/list': {
    tools: [
      {
        name: HOSTILE,
        title: `Title ${HOSTILE}`,
        description: `Description ${HOSTILE}`,
        inputSchema: {
          type: 'object',
          properties: { [HOSTILE]: { type: 'string', description: `Field ${HOSTILE}` } },
        },
      },
    ],
  },
  'tools/call': { content: [{ type: 'text', text: `Result ${HOSTILE}` }] },
}
