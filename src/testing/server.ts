import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An endpoint of a test provider. `metadata` is `/.well-known/openid-configuration`. */
export type TestEndpoint =
  'authorize' | 'token' | 'userinfo' | 'revoke' | 'logout' | 'jwks' | 'metadata'

/** A request that a test provider has received. */
export interface TestRequest {
  /** The endpoint that was called. */
  readonly endpoint: TestEndpoint
  /** The parameters of the query, or of the body of a `POST`, which may be a form or JSON. */
  readonly parameters: Readonly<Record<string, string>>
  /** The headers, with their names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** A response of a test provider: a redirect, JSON, or only a status. */
export interface TestAnswer {
  readonly status: number
  /** The address to redirect to. */
  readonly location?: string
  /** The body, which is sent as JSON. */
  readonly body?: unknown
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A server at `127.0.0.1`. */
export interface TestServer {
  /** Its address, such as `http://127.0.0.1:49152`. */
  readonly origin: string
  /** Stops listening and closes all connections. */
  close(): Promise<void>
}

/** The path of each endpoint. */
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
 * Starts a server for the endpoints at `127.0.0.1`. Other paths are answered with 404.
 *
 * @param port `0` for any free port
 * @param answer computes the response; if it resolves to `undefined`, none is sent, and the client waits until the
 * server is closed
 */
export async function startServer(
  port: number,
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
  // Otherwise a provider that is not closed would keep the test runner from exiting. A port is chosen for a process of its own.
  if (port === 0) server.unref()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
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
  const entry = Object.entries(PATHS).find(([, path]) => path === pathname)
  return entry?.[0] as TestEndpoint | undefined
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
  return body
}

/** The parameters of a body: a JSON object, or a form. */
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
