import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What of a provider can be asked for. */
export type TestEndpoint =
  'authorize' | 'token' | 'userinfo' | 'revoke' | 'logout' | 'jwks' | 'metadata'

/** A request that a test provider got. */
export interface TestRequest {
  readonly endpoint: TestEndpoint
  /** Of the query, or of the body, whether a form or JSON. */
  readonly parameters: Readonly<Record<string, string>>
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What a test provider answers: a redirect, JSON, or nothing but a status. */
export interface TestAnswer {
  readonly status: number
  readonly location?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A server on a free port of this machine. */
export interface TestServer {
  readonly origin: string
  close(): Promise<void>
}

/** Where each endpoint is. */
export const PATHS: Readonly<Record<TestEndpoint, string>> = {
  authorize: '/authorize',
  token: '/token',
  userinfo: '/userinfo',
  revoke: '/revoke',
  logout: '/logout',
  jwks: '/jwks',
  metadata: '/.well-known/openid-configuration',
}

/**
 * Starts a server for these endpoints at 127.0.0.1. An answer that is `undefined` never comes, until the
 * server is closed.
 */
export async function startServer(
  answer: (request: TestRequest) => Promise<TestAnswer | undefined>,
): Promise<TestServer> {
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const endpoint = endpointAt(url.pathname)
    if (endpoint === undefined) {
      response.writeHead(404).end()
      return
    }
    const query = request.method === 'POST' ? '' : url.search
    const body = await readBody(request)
    const parameters = { ...Object.fromEntries(new URLSearchParams(query)), ...parametersIn(body) }
    const answered = await answer({ endpoint, parameters, headers: request.headers })
    if (answered !== undefined) send(response, answered)
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.writeHead(500).end(error instanceof Error ? error.stack : String(error))
    })
  })
  // A test runner may end while the provider is still there.
  server.unref()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function endpointAt(pathname: string): TestEndpoint | undefined {
  const found = Object.entries(PATHS).find(([, path]) => path === pathname)
  return found?.[0] as TestEndpoint | undefined
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
  return body
}

function parametersIn(body: string): Record<string, string> {
  return body.startsWith('{')
    ? (JSON.parse(body) as Record<string, string>)
    : Object.fromEntries(new URLSearchParams(body))
}

function send(response: ServerResponse, { status, location, body, headers }: TestAnswer): void {
  response.writeHead(status, {
    ...(location !== undefined && { location }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...headers,
  })
  response.end(body === undefined ? '' : JSON.stringify(body))
}
