import { X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TLSSocket } from 'node:tls'
import { stop } from './http.js'
import { tokenResponse } from './scripted-provider.js'

/** One request, and whose certificate it came with. */
export interface CertifiedRequest {
  /** Such as `POST /token`. */
  readonly line: string
  /** SHA-256 of the client's certificate; `undefined` without one. */
  readonly fingerprint: string | undefined
  readonly authorization: string | undefined
  readonly form: Readonly<Record<string, string>>
}

/** The back channel of a provider that speaks TLS. */
export interface TlsProvider {
  readonly origin: string
  readonly requests: readonly CertifiedRequest[]
  close(): Promise<void>
}

/**
 * Starts a back channel on 127.0.0.1. Access tokens are bound to the certificate of the connection over
 * which they were given out, if there was one: over any other they are refused.
 *
 * @see [RFC 8705, section 3 - Mutual-TLS Client Certificate-Bound Access Tokens](https://www.rfc-editor.org/rfc/rfc8705.html#section-3)
 */
export async function startTlsProvider(options: ServerOptions): Promise<TlsProvider> {
  const requests: CertifiedRequest[] = []
  const boundTo = new Map<string, string | undefined>()

  function answer({ line, fingerprint, authorization = '' }: CertifiedRequest): [number, object] {
    if (line === 'POST /token') {
      const tokens = tokenResponse()
      boundTo.set(`Bearer ${String(tokens['access_token'])}`, fingerprint)
      return [200, tokens]
    }
    if (line === 'POST /revoke') return [200, {}]
    const isHolder = boundTo.has(authorization) && boundTo.get(authorization) === fingerprint
    return isHolder ? [200, { sub: 'ada', name: 'Ada' }] : [401, { error: 'invalid_token' }]
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    const certified: CertifiedRequest = {
      line: `${request.method} ${request.url}`,
      fingerprint: fingerprintOf(request.socket),
      authorization: request.headers.authorization,
      form: Object.fromEntries(new URLSearchParams(body)),
    }
    requests.push(certified)
    const [status, members] = answer(certified)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(members))
  }

  const server = createServer(options, (request, response) => void handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { origin: `https://127.0.0.1:${port}`, requests, close: () => stop(server) }
}

/** As {@link CertifiedRequest.fingerprint} has it. */
export function fingerprintOf(owner: unknown): string | undefined {
  if (typeof owner === 'string') return new X509Certificate(owner).fingerprint256
  if (!(owner instanceof TLSSocket)) throw new Error('This server speaks TLS only.')
  return owner.getPeerX509Certificate()?.fingerprint256
}
