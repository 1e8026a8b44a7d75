import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'

/** An endpoint of a test provider. `metadata` is `/.well-known/openid-configuration`. */
export type TestEndpoint =
  'authorize' | 'token' | 'userinfo' | 'revoke' | 'logout' | 'jwks' | 'metadata'

/** A request that a test provider has received. */
export interface TestRequest {
  /** The endpoint that was called. */
  readonly endpoint: TestEndpoint
  /** The parameters of the query, or of the body of a `POST`, which may be a form or JSON. */
  readonly parameters: Readonly<Record<string, string>>
  /** The `resource` parameters, of which there can be several; empty if there is none. */
  readonly resources: readonly string[]
  /** The headers, with their names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** A response of a test provider: a redirect, JSON, a page, or only a status. */
export interface TestAnswer {
  readonly status: number
  /** The address to redirect to. */
  readonly location?: string
  /** The body, which is sent as JSON. */
  readonly body?: unknown
  /** A page in place of the body. */
  readonly html?: string
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>
  /** How the body is compressed. */
  readonly contentEncoding?: ContentEncoding | undefined
}

/** @see [RFC 9110, section 8.4.1 - Content Codings](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.4.1) */
type ContentEncoding = 'gzip' | 'deflate' | 'br'

const COMPRESS: Readonly<Record<ContentEncoding, (body: string) => Buffer>> = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
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
    const given = [...new URLSearchParams(query), ...parametersIn(await readBody(request))]
    const answered = await answer({
      endpoint,
      parameters: Object.fromEntries(given),
      resources: given.flatMap(([name, value]) => (name === 'resource' ? value : [])),
      headers: request.headers,
    })
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

/** The parameters of a body: a JSON object, in which `resource` can be a list, or a form. */
function parametersIn(body: string): readonly (readonly [string, string])[] {
  if (!body.startsWith('{')) return [...new URLSearchParams(body)]
  const { resource = [], ...others } = JSON.parse(body) as Record<string, string>
  const resources = [resource].flat().map((one): [string, string] => ['resource', one])
  return [...Object.entries(others), ...resources]
}

function send(response: ServerResponse, answered: TestAnswer): void {
  const { status, location, body, html, headers, contentEncoding } = answered
  const text = html ?? (body === undefined ? '' : JSON.stringify(body))
  const compress = text === '' || contentEncoding === undefined ? undefined : contentEncoding
  response.writeHead(status, {
    ...(location !== undefined && { location }),
    ...(text !== '' && { 'content-type': html === undefined ? 'application/json' : 'text/html' }),
    ...(compress !== undefined && { 'content-encoding': compress }),
    ...headers,
  })
  response.end(compress === undefined ? text : COMPRESS[compress](text))
}
