import { formOf } from '../support/login.js'
import { json } from '../support/scripted-provider.js'
import type { RecordedRequest, Script } from '../support/scripted-provider.js'

/** Makes a token response that is like no other. */
type Tokens = () => Record<string, unknown>

/** What a provider answers that repeats all it was sent, and gives tokens away besides. */
export const echo =
  (tokens: Tokens, status: number, error?: string): Script =>
  (request, response) => {
    const said = JSON.stringify([request.headers, request.body, [...formOf(request)]])
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ...tokens(), error, error_description: said, hint: said }))
  }

/** Answers with bytes that are no HTTP, or less than was promised, or too much. */
const raw =
  (text: (request: RecordedRequest) => string): Script =>
  (request, response) => {
    response.socket?.end(text(request))
  }

/** Refuses, and yet gives tokens, which it repeats where it says why. */
const quoteTokens =
  (tokens: Tokens): Script =>
  (request, response) => {
    const given = tokens()
    const said = `Not ${String(given['access_token'])}, nor ${String(given['refresh_token'])}`
    json({ ...given, error: 'invalid_request', error_description: said }, 400)(request, response)
  }

/** Ways for an endpoint to fail. */
export function failuresOf(tokens: Tokens): readonly (readonly [string, Script])[] {
  const spoken = (): string => JSON.stringify(tokens())
  return [
    ['refuses, and repeats what it was sent', echo(tokens, 400, 'invalid_request')],
    ['refuses, and repeats the tokens that it gives', quoteTokens(tokens)],
    ['does not know the client', echo(tokens, 401, 'invalid_client')],
    ['fails with a page that repeats everything', echo(tokens, 500)],
    ['asks for patience', echo(tokens, 429, 'slow_down')],
    ['reports an error with status 200', echo(tokens, 200, 'server_error')],
    ['sends what is not quite JSON', (_, response) => response.writeHead(200).end(`${spoken()},`)],
    [
      'sends HTML with tokens in it',
      (_, response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end(`<b>${spoken()}`),
    ],
    [
      'sends tokens of an unknown type',
      (a, b) => json({ ...tokens(), token_type: spoken() })(a, b),
    ],
    ['sends tokens that are no texts', (a, b) => json({ ...tokens(), access_token: [1] })(a, b)],
    ['speaks no HTTP', raw(({ body }) => `${body}\n${spoken()}\r\n\r\n`)],
    ['breaks off', raw(() => `HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n${spoken()}`)],
    ['never answers', () => undefined],
  ]
}
