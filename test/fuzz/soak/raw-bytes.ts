import fc from 'fast-check'

const LINE_ENDS = fc.oneof(
  { weight: 8, arbitrary: fc.constant('\r\n') },
  fc.constantFrom('\n', '\r', '\r\n ', '\r\n\t', ''),
)
const METHODS = fc.oneof(
  fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'),
  fc.constantFrom('CONNECT', 'get', 'GE T', '', 'PRI', 'M-SEARCH', 'G\u0000T', 'x'.repeat(300)),
)

/** Every route of the application. */
export const ROUTES = [
  ...['plain', 'auth', 'wild', 'connect'].flatMap((path) => [
    ...[
      'login',
      'callback',
      'logout',
      'logged-out',
      'session',
      'backchannel-logout',
      'jwks.json',
    ].map((route) => `/${path}/${route}`),
    ...[`/page/${path}`, `/api/${path}`, `/tokens/${path}`],
  ]),
  ...['/', '/page', '/flow', '/flow/events', '/flow/script.js', '/nowhere'],
] as const

/** Paths as routers and proxies may read them in two ways. */
export const PATHS: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ROUTES) },
  fc
    .tuple(
      fc.constantFrom(...ROUTES),
      fc.constantFrom('/', '//', '/.', '/..', '%2f', '%00', ';a=b', '%', '/%2e%2e/page', '\\'),
    )
    .map(([path, end]) => path + end),
  fc.constantFrom(...ROUTES).map((path) => path.toUpperCase()),
  fc.constantFrom(...ROUTES).map((path) => path.replaceAll('a', '%61')),
  fc.constantFrom(...ROUTES).map((path) => `//evil.example${path}`),
  fc.constantFrom(...ROUTES).map((path) => `http://evil.example${path}`),
  fc.constantFrom('*', '', '/%C0%AE%C0%AE/page', `/${'x'.repeat(9000)}`, '/'.repeat(2000)),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `/${text}`),
)

const VERSIONS = fc.oneof(
  { weight: 6, arbitrary: fc.constant('HTTP/1.1') },
  fc.constantFrom('HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.1.1', 'http/1.1', '', 'ICY'),
)
const LINES = fc.oneof(
  fc.constantFrom(
    ...['Content-Length: 5', 'Content-Length: -1', 'Content-Length: 0x5', 'Content-Length: 5, 6'],
    ...['Content-Length: 99999999999999999999', 'Content-Length : 5', 'Transfer-Encoding: chunked'],
    ...['Transfer-Encoding: xchunked', 'Transfer-Encoding:\u000bchunked', 'Expect: 100-continue'],
    ...['Transfer-Encoding: chunked, identity', 'Transfer-encoding: CHUNKED', 'TE: trailers'],
    ...['Host: evil.example', 'Host:', 'Connection: keep-alive', 'Connection: Content-Length'],
    ...['Upgrade: websocket', 'Upgrade: h2c', 'Cookie: connect.sid=s%3Ax.y', 'Cookie: ;;;==;'],
    ...['Authorization: Bearer x', 'Range: bytes=0-', 'X: \u0000', ': x', ' X: y', 'X', 'X:\ty'],
    ...['Content-Type: application/x-www-form-urlencoded', 'Content-Encoding: gzip'],
  ),
  fc.nat({ max: 20_000 }).map((length) => `X-Long: ${'y'.repeat(length)}`),
  fc.string({ unit: 'binary', maxLength: 40 }),
)
const BODIES = fc.oneof(
  fc.constantFrom(
    ...['', 'a=b&c', '0\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n', 'ffffffffffffffff\r\nx', '-1\r\n\r\n'],
    ...[
      '5;x=y\r\nhello\r\n0\r\nTrailer: x\r\n\r\n',
      '0\r\n\r\nGET /page HTTP/1.1\r\nHost: x\r\n\r\n',
    ],
    ...['hello\r\nGET /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nGET /page'],
  ),
  fc.string({ unit: 'binary', maxLength: 200 }),
)

/** Bytes, as Latin-1 text, that are hardly a request: malformed lines, smuggled lengths, several at once. */
export const RAW_BYTES: fc.Arbitrary<string> = fc
  .array(
    fc
      .tuple(
        fc.tuple(METHODS, PATHS, VERSIONS),
        fc.array(LINES, { maxLength: 6 }),
        LINE_ENDS,
        BODIES,
        fc.boolean(),
      )
      .map(([[method, path, version], lines, end, body, isNamed]) =>
        [`${method} ${path} ${version}`, ...(isNamed ? ['Host: x'] : []), ...lines, '', body].join(
          end,
        ),
      ),
    { minLength: 1, maxLength: 3 },
  )
  .map((requests) => requests.join(''))
