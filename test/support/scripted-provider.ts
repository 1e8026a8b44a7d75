import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import express from 'express'
import { decodeJwt } from 'jose'
import { listen } from './http.js'

/** A request the provider got at one of its back-channel endpoints. */
export interface RecordedRequest {
  readonly method: string
  readonly path: string
  /** The query with its question mark; empty without one. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  /** The body as it came. */
  readonly body: string
}

/** Answers one request; whatever it does not end, the provider's `close` ends. */
export type Script = (request: RecordedRequest, response: ServerResponse) => void

/** A provider without opinions: it says what the test tells it to say, and remembers what it was asked. */
export interface ScriptedProvider {
  readonly origin: string
  readonly authorizationURL: string
  readonly tokenURL: string
  readonly profileURL: string
  /** Every back-channel request so far, oldest first. */
  readonly requests: RecordedRequest[]
  /** The path and query of every authorization request so far, exactly as they came. */
  readonly authorizationRequests: string[]
  /** The requests to one path, such as `/token`. */
  requestsTo(path: string): RecordedRequest[]
  /** Sets what `POST /token` answers from now on. */
  onToken(script: Script): void
  /** Sets what `GET /me` answers from now on. */
  onProfile(script: Script): void
  /** Sets where `GET /authorize` sends the browser from now on; gets the request's parameters, those last pushed to `/par` for a `request_uri`, those in a request object. */
  onAuthorize(answer: (parameters: URLSearchParams) => Record<string, string>): void
  /** Sets what requests to another path, such as `/revoke`, are answered from now on. @default 404 */
  on(path: string, script: Script): void
  /** Back to an honest provider, with no requests remembered. */
  reset(): void
  close(): Promise<void>
}

/** Answers with JSON. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Script {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}

let issued = 0

/** An honest token response with values of its own. */
export function tokenResponse(members: Record<string, unknown> = {}): Record<string, unknown> {
  issued += 1
  return {
    access_token: `access-token-${issued}`,
    refresh_token: `refresh-token-${issued}`,
    token_type: 'Bearer',
    expires_in: 3600,
    ...members,
  }
}

/** Starts a provider that logs everybody in at once as Ada. */
export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const requests: RecordedRequest[] = []
  const authorizationRequests: string[] = []
  const honest = {
    token: (request: RecordedRequest, response: ServerResponse) =>
      json(tokenResponse())(request, response),
    profile: json({ sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' }),
    authorize: ({ state }: { state: string }) => ({ code: `code-for-${state.slice(0, 8)}`, state }),
  }
  let token: Script = honest.token
  let profile: Script = honest.profile
  const others = new Map<string, Script>()
  const notFound: Script = (_request, response) => response.writeHead(404).end()
  let authorize = (parameters: URLSearchParams): Record<string, string> =>
    honest.authorize({ state: parameters.get('state') ?? '' })

  const app = express()
  app.get('/authorize', (req, res) => {
    authorizationRequests.push(req.originalUrl)
    const own = new URL(req.originalUrl, 'http://localhost').searchParams
    const pushed = requests.findLast(({ path }) => path === '/par')?.body
    const parameters = signedIn(own.has('request_uri') ? new URLSearchParams(pushed) : own)
    const callback = new URL(parameters.get('redirect_uri') ?? '')
    for (const [name, value] of Object.entries(authorize(parameters)))
      callback.searchParams.append(name, value)
    res.redirect(callback.href)
  })
  app.use(express.text({ type: () => true, limit: '1mb' }))
  app.use((req, res) => {
    const request: RecordedRequest = {
      method: req.method,
      path: req.path,
      query: new URL(req.originalUrl, 'http://localhost').search,
      headers: req.headers,
      body: typeof req.body === 'string' ? req.body : '',
    }
    requests.push(request)
    if (req.path === '/token') token(request, res)
    else if (req.path === '/me') profile(request, res)
    else (others.get(req.path) ?? notFound)(request, res)
  })

  const server = await listen(app)
  const { origin } = server
  return {
    origin,
    authorizationURL: `${origin}/authorize`,
    tokenURL: `${origin}/token`,
    profileURL: `${origin}/me`,
    requests,
    authorizationRequests,
    requestsTo: (path) => requests.filter((request) => request.path === path),
    onToken: (script) => (token = script),
    onProfile: (script) => (profile = script),
    onAuthorize: (answer) => (authorize = answer),
    on: (path, script) => others.set(path, script),
    reset: () => {
      requests.length = 0
      authorizationRequests.length = 0
      others.clear()
      token = honest.token
      profile = honest.profile
      authorize = (parameters) => honest.authorize({ state: parameters.get('state') ?? '' })
    },
    close: () => server.close(),
  }
}

/** The parameters in a request object, whose signature is not verified; `parameters` if there is none. */
function signedIn(parameters: URLSearchParams): URLSearchParams {
  const request = parameters.get('request')
  return request === null
    ? parameters
    : new URLSearchParams(decodeJwt(request) as Record<string, string>)
}
