import type { ServerResponse } from 'node:http'
import fc from 'fast-check'
import type { Script } from '../support/scripted-provider.js'

/** How an answer travels. */
type Delivery = 'whole' | 'chunked' | 'cut off' | 'reset' | 'endless' | 'not HTTP'

/** What a provider answers; in its texts stand placeholders such as `{access}`, see {@link fill}. */
export interface StrangeAnswer {
  readonly status: number
  readonly type: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  readonly delivery: Delivery
}

/** An honest server's answer, for those that follow to differ from. */
export const HONEST_ANSWER: StrangeAnswer = {
  status: 200,
  type: 'application/json',
  headers: {},
  body: '{"access_token":"{access}","refresh_token":"{refresh}","token_type":"Bearer","expires_in":3600}',
  delivery: 'whole',
}

/** The values that placeholders stand for. */
export type Filling = Readonly<Record<string, string>>

/** Puts values where their placeholders stand. */
export function fill<Body extends string | Uint8Array>(body: Body, filling: Filling): Body {
  if (typeof body !== 'string') return body
  const filled = Object.entries(filling).reduce<string>(
    (text, [name, value]) => text.replaceAll(`{${name}}`, value),
    body,
  )
  return filled as Body
}

/** Sends an answer on its way; a connection never stays open without more to come. */
export function deliver(answer: StrangeAnswer, filling: Filling): Script {
  return (_request, response) => {
    const { status, type, headers, delivery } = answer
    const body = Buffer.from(fill(answer.body, filling))
    if (delivery === 'not HTTP') {
      response.socket?.end(body)
      return
    }
    // What comes too much on one connection must not be taken for the answer to the next request.
    response.writeHead(status, {
      connection: 'close',
      ...headers,
      ...(type !== undefined && { 'content-type': fill(type, filling) }),
      ...(delivery === 'cut off' || delivery === 'reset'
        ? { 'content-length': body.length + 1 }
        : {}),
    })
    if (hasNoBody(status)) response.end()
    else if (delivery === 'endless') pour(response, body)
    else if (delivery === 'cut off') response.write(body, () => response.socket?.end())
    else if (delivery === 'reset') response.write(body, () => response.socket?.resetAndDestroy())
    else if (delivery === 'chunked') {
      for (const byte of body) response.write(Uint8Array.of(byte))
      response.end()
    } else response.end(body)
  }
}

/** Node sends no body with these, and of an answer that does not end not even the head. */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 304
}

/** Writes for as long as somebody listens. */
function pour(response: ServerResponse, body: Buffer): void {
  const chunk = Buffer.concat([body, Buffer.alloc(512, ' ')])
  const more = (): void => {
    if (!response.destroyed) response.write(chunk, () => setImmediate(more))
  }
  more()
}

/** Values of the wrong type, of the right one, and everything that is secret. */
export const MEMBERS: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e21, Number.MAX_VALUE, '', '0', '12abc'),
  fc.constantFrom<unknown>(
    [],
    {},
    [5],
    ['{access}'],
    { access_token: '{access}' },
    'Bearer',
    'dpop',
  ),
  fc.constantFrom(
    '{access}',
    '{refresh}',
    '{code}',
    '{verifier}',
    '{secret}',
    '{state}',
    '{other}',
  ),
  fc.constantFrom(
    'é',
    '\u0000',
    'a\r\nb',
    '\ud800',
    '😀',
    ' ',
    'x'.repeat(400),
    '__proto__',
    '1e400',
  ),
  fc.constantFrom('got {code}, {verifier} and {secret}', '"{access}"', 'code={code}&x'),
  fc.jsonValue({ maxDepth: 3 }),
)

const TOKEN_MEMBERS = fc.constantFrom(
  ...['access_token', 'token_type', 'expires_in', 'refresh_token', 'scope', 'id_token', 'error'],
  ...['error_description', 'error_uri', 'refresh_token_expires_in', 'authorization_details'],
  ...['__proto__', 'constructor', 'toString', 'then', 'toJSON', 'hasOwnProperty', 'status', ''],
)

const ERRORS = fc.constantFrom(
  ...['invalid_grant', 'invalid_client', 'invalid_request', 'server_error', 'use_dpop_nonce'],
  ...['__proto__', 'constructor', 'toString', 'invalid_code', '{code}', '{secret}', ''],
)

/** JSON text of an object in which some members are others than in `honest`; a name may come twice. */
export function changedJson(
  honest: string,
  names: fc.Arbitrary<string>,
  values = MEMBERS,
): fc.Arbitrary<string> {
  const member = fc
    .tuple(names, values)
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  const all = fc.array(member, { maxLength: 3 })
  const inside = honest.slice(1, -1)
  return fc.oneof(
    all.map((members) => `{${[inside, ...members].join(',')}}`),
    all.map((members) => `{${members.join(',')}}`),
  )
}

/** How deep is deeper than anybody's stack. */
const ABYSS = 40_000

/** Bodies that have nothing to do with what was asked. */
const OTHER_BODIES: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom('', ' ', 'null', '[]', '"{access}"', '{', '<html>{access}</html>', '\ufeff{}'),
  fc.constant(`{"sub":"ada","a":${'['.repeat(ABYSS)}${']'.repeat(ABYSS)}}`),
)

const TYPES = fc.constantFrom(
  ...['application/json', 'application/json; charset=utf-16', 'APPLICATION/JSON', 'text/html', ''],
  ...['application/x-www-form-urlencoded', 'application/jwt', ';;', 'text/{code}', '{secret}'],
)

/** Whatever a server may answer to a request that an honest one answers with `bodies`. */
export function answers(bodies: fc.Arbitrary<string>): fc.Arbitrary<StrangeAnswer> {
  return fc.record({
    status: fc.oneof(
      { weight: 3, arbitrary: fc.constant(200) },
      fc.constantFrom(201, 204, 205, 206, 299, 301, 302, 304, 400, 401, 403, 404, 408, 429),
      fc.constantFrom(500, 502, 503, 504, 599, 600, 999),
    ),
    type: fc.option(fc.oneof({ weight: 2, arbitrary: fc.constant('application/json') }, TYPES), {
      freq: 5,
      nil: undefined,
    }),
    headers: fc.constantFrom<Record<string, string>[]>(
      ...[{}, {}, { location: '/elsewhere' }, { 'www-authenticate': 'Bearer error="x", DPoP' }],
      ...[{ 'content-encoding': 'gzip' }, { 'retry-after': 'never' }, { 'dpop-nonce': '{x}' }],
    ),
    body: fc.oneof({ weight: 3, arbitrary: bodies }, OTHER_BODIES),
    delivery: fc.oneof(
      { weight: 6, arbitrary: fc.constant<Delivery>('whole') },
      fc.constantFrom<Delivery>('chunked', 'cut off', 'reset', 'endless', 'not HTTP'),
    ),
  })
}

/** Whatever a token endpoint may answer. */
export const TOKEN_ANSWERS: fc.Arbitrary<StrangeAnswer> = answers(
  fc.oneof(
    changedJson(HONEST_ANSWER.body as string, TOKEN_MEMBERS),
    fc
      .tuple(ERRORS, MEMBERS)
      .map(([error, text]) => JSON.stringify({ error, error_description: text })),
    fc.constantFrom(
      'access_token={access}&token_type=bearer&refresh_token={refresh}',
      'error=invalid_grant&error_description={code}',
      `HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n${HONEST_ANSWER.body as string}`,
      'HTTP/1.1 200 OK\r\nContent-Type: {access}\u0000{refresh}\r\n\r\n',
      `HTTP/1.1 200 OK\r\n\r\n${HONEST_ANSWER.body as string}`,
      `\ufeff${HONEST_ANSWER.body as string}`,
    ),
  ),
)

/** The body that arrives as text, and its status; `undefined` when none does within the limit. */
export function arrived(
  answer: StrangeAnswer,
  filling: Filling,
  limitBytes: number,
): { status: number; type: string; text: string } | undefined {
  const { status, type = '', delivery } = answer
  let bytes = Buffer.from(fill(answer.body, filling))
  if (delivery === 'not HTTP') {
    // Of all that is generated only this is HTTP after all.
    const [head, body] = bytes.toString().split(/\r\n\r\n(.*)/s)
    if (head !== 'HTTP/1.1 200 OK') return undefined
    bytes = Buffer.from(body ?? '')
    return { status: 200, type: '', text: new TextDecoder().decode(bytes) }
  }
  if (hasNoBody(status)) return { status, type, text: '' }
  if (delivery !== 'whole' && delivery !== 'chunked') return undefined
  if (bytes.length > limitBytes) return undefined
  // No generated body is what it says it is.
  if (answer.headers['content-encoding'] !== undefined && bytes.length > 0) return undefined
  return { status, type: fill(type, filling), text: new TextDecoder().decode(bytes) }
}
