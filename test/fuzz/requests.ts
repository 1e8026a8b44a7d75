import fc from 'fast-check'
import type { RawRequest } from './raw-http.js'

/** The values of an honest callback, which strange requests are made of as well. */
export interface Honest {
  readonly state: string
  readonly code: string
}

/** A query, form or header in which `{state}` and `{code}` stand for the honest values. */
export type Template = string

/** Puts the honest values into a template. */
export function render(template: Template, { state, code }: Honest): string {
  return template
    .replaceAll('{state}', state)
    .replaceAll('{code}', encodeURIComponent(code))
    .replaceAll('{code as it is}', code)
    .replaceAll('{state encoded}', encoded(state))
    .replaceAll('{code encoded}', encoded(code))
    .replaceAll('{state in capitals}', state.toUpperCase())
    .replaceAll('{half a state}', state.slice(0, -1))
}

/** The same text to whoever decodes it, with every byte percent-encoded. */
function encoded(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}

/** What an honest provider's answer looks like. */
export const HONEST_QUERY: Template = 'state={state}&code={code}'

/**
 * Whether a query or form, read as every form is, says exactly what the provider said.
 *
 * @see [RFC 6749, section 3.1](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.1): no parameter twice
 */
export function isHonest(query: string, { state, code }: Honest): boolean {
  const pairs = [...new URLSearchParams(query)]
  const all = (name: string): string[] => pairs.filter(([one]) => one === name).map(([, v]) => v)
  const known = ['state', 'code', 'iss', 'error', 'error_description', 'error_uri']
  return (
    all('state')[0] === state &&
    all('code')[0] === code &&
    known.every((name) => all(name).length <= 1) &&
    (all('error')[0] ?? '') === ''
  )
}

const NAMES = fc.constantFrom(
  ...['state', 'code', 'iss', 'error', 'error_description', 'error_uri', 'return_to', 'scope'],
  ...[
    'state[]',
    'code[]',
    'state[0]',
    'code[a][b]',
    'st%61te',
    '%63ode',
    'State',
    'state ',
    '+code',
  ],
  ...['__proto__', '__proto__[polluted]', 'constructor[prototype][polluted]', 'toString', '', '%'],
)

const VALUES = fc.oneof(
  fc.constantFrom(
    '{state}',
    '{state encoded}',
    '{state in capitals}',
    '{half a state}',
    '{state}%00',
  ),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    'undefined',
    'null',
    '',
  ),
  fc.constantFrom('access_denied', 'login_required', 'server_error', 'invalid_scope', '<script>'),
  fc.constantFrom(
    '%',
    '%zz',
    '%C0%80',
    '%ED%A0%80',
    '%00',
    '%0d%0aSet-Cookie:%20a=b',
    '%u0041',
    '+',
  ),
  fc.constantFrom(
    '//evil.example',
    '/%5cevil.example',
    'https://evil.example',
    '/%09/evil.example',
  ),
  fc.constantFrom('x'.repeat(5_000), '%F0%9F%98%80'.repeat(200), 'eyJ-'.repeat(500), '../..'),
  fc.string({ unit: 'binary' }).map((value) => encodeURIComponent(Buffer.from(value).toString())),
  fc.string({ unit: 'grapheme' }),
)

/** Whatever may stand between the parts of a query. */
const SEPARATORS = fc.constantFrom('&', '&', '&', '&&', ';', '?', '#', '&amp;', '%26')

/** One parameter; a code is nowhere but in `code`, for a provider does not call it anything else. */
const PARAMETERS = fc.oneof(
  fc.tuple(NAMES, VALUES).map(([name, value]) => `${name}=${value}`),
  fc.constantFrom('state={state}', 'code={code}', 'code={code as it is}', 'code={code encoded}'),
  fc.constantFrom('state', 'code', '=', 'state={state}={state}', 'code=', 'code={code}%20'),
)

function joined(parts: readonly string[], separators: readonly string[]): string {
  return parts.map((part, index) => `${index > 0 ? separators[index] : ''}${part}`).join('')
}

/** What could be a query or a form: honest but for a little, made of known parts, or of any characters. */
export const QUERIES: fc.Arbitrary<Template> = fc.oneof(
  fc
    .tuple(
      fc.shuffledSubarray(['state={state}', 'code={code}', 'session_state=x'], { minLength: 1 }),
      fc.array(PARAMETERS, { maxLength: 2 }),
    )
    .map(([honest, added]) => [...honest, ...added].join('&')),
  fc
    .tuple(
      fc.array(PARAMETERS, { maxLength: 6 }),
      fc.array(SEPARATORS, { minLength: 6, maxLength: 6 }),
    )
    .map(([parts, separators]) => joined(parts, separators)),
  fc.string({ unit: 'binary' }),
)

/** What can stand in a request line: Node answers 400 to line ends and spaces by itself. */
export function inRequestLine(query: string): string {
  return query.replace(/[\r\n ]/g, (one) => encodeURIComponent(one))
}

const HOSTS = ['evil.example', 'evil.example:443', '127.0.0.1@evil.example', '[', '', 'a b', '%00']
const ORIGINS = ['https://evil.example', 'null', 'http://127.0.0.1', '', '//', 'http://[', '😀']
const SITES = ['same-origin', 'none', 'same-site', 'cross-site', 'Same-Origin', '', '\u0080']

/** Header lines that an application could believe. */
export const HEADERS: fc.Arbitrary<string[]> = fc.array(
  fc.oneof(
    fc
      .tuple(
        fc.constantFrom('X-Forwarded-Host', 'X-Forwarded-Proto', 'Forwarded', 'X-Original-URL'),
        fc.constantFrom(...HOSTS),
      )
      .map(([name, host]) => `${name}: ${host}`),
    fc.constantFrom(...ORIGINS).map((origin) => `Origin: ${origin}`),
    fc.constantFrom(...ORIGINS).map((origin) => `Referer: ${origin}`),
    fc.constantFrom(...SITES).map((site) => `Sec-Fetch-Site: ${site}`),
    fc.constantFrom('image', 'document', 'iframe').map((one) => `Sec-Fetch-Dest: ${one}`),
    fc.constantFrom('*/*', 'text/html', 'application/json', '').map((one) => `Accept: ${one}`),
  ),
  { maxLength: 4 },
)

/** A body with its headers; in its text stand the honest values' placeholders. */
export type Form = Required<Pick<RawRequest, 'headers'>> & { readonly body: Template }

const TYPES = fc.oneof(
  { weight: 3, arbitrary: fc.constant('application/x-www-form-urlencoded') },
  fc.constantFrom(
    ...['application/x-www-form-urlencoded; charset=utf-16', 'application/x-www-form-urlencoded;;'],
    ...['APPLICATION/X-WWW-FORM-URLENCODED; charset=iso-8859-1', 'application/json', 'text/plain'],
    ...['multipart/form-data; boundary=x', 'multipart/form-data', '', 'x', '/', '\u0080', '*/*'],
  ),
)
const ENCODINGS = fc.constantFrom('gzip', 'deflate', 'br', 'identity', 'x', '')

/** Any body of any type. */
export const FORMS: fc.Arbitrary<Form> = fc
  .record({
    body: fc.oneof(
      { weight: 4, arbitrary: QUERIES },
      fc.json(),
      fc.constantFrom('{"state":"{state}","code":"{code as it is}"}', '{"__proto__":{"a":1}}', ''),
      fc.constantFrom(
        'a='.repeat(60_000),
        'a=b&'.repeat(1_500),
        `${HONEST_QUERY}&${'a&'.repeat(999)}`,
      ),
    ),
    type: fc.option(TYPES, { freq: 10 }),
    encoding: fc.option(ENCODINGS, { freq: 5, nil: null }).map((one) => one),
  })
  .map(({ body, type, encoding }) => ({
    body,
    headers: [
      ...(type === null ? [] : [`Content-Type: ${type}`]),
      ...(encoding === null ? [] : [`Content-Encoding: ${encoding}`]),
    ],
  }))
