import { text } from 'node:stream/consumers'
import { listen } from '../../test/support/http.js'

/** A provider that answers at once. Refresh tokens rotate: `name.1` is answered with `name.2`. */
export interface FastProvider {
  readonly origin: string
  /** `grants`: of how many grants tokens were refreshed. */
  readonly counts: { refreshed: number; grants: number; revoked: number; reused: number }
  close(): Promise<void>
}

/** Starts the provider. */
export async function startFastProvider(): Promise<FastProvider> {
  const used = new Set<string>()
  const grants = new Set<string>()
  const counts = { refreshed: 0, grants: 0, revoked: 0, reused: 0 }
  const server = await listen((request, response) => {
    void text(request).then((body) => {
      if (request.url === '/revoke') {
        counts.revoked += 1
        response.end()
        return
      }
      const token = new URLSearchParams(body).get('refresh_token') ?? ''
      if (used.has(token)) counts.reused += 1
      used.add(token)
      counts.refreshed += 1
      const [name = '', generation = '1'] = token.split('.')
      counts.grants = grants.add(name).size
      const answer = {
        access_token: `access.${name}.${Number(generation) + 1}`,
        refresh_token: `${name}.${Number(generation) + 1}`,
        token_type: 'Bearer',
        expires_in: 3600,
      }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer))
    })
  })
  return { ...server, counts }
}
