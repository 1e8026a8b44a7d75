import fc from 'fast-check'

/** A cookie as it is sent. */
export type Cookie = readonly [name: string, value: string]

/** One change to a list of cookies; positions and offsets wrap around. */
export type Change =
  | { readonly change: 'name' | 'value'; position: number; at: number; character: string }
  | { readonly change: 'cut'; position: number; at: number }
  | { readonly change: 'swap'; position: number; at: number }
  | { readonly change: 'drop'; position: number }
  | { readonly change: 'add'; cookie: Cookie; isFirst: boolean }
  | { readonly change: 'double' | 'turn' }

/** The cookies after one change. */
export function changedBy(cookies: readonly Cookie[], change: Change): readonly Cookie[] {
  switch (change.change) {
    case 'add':
      return change.isFirst ? [change.cookie, ...cookies] : [...cookies, change.cookie]
    case 'double':
      return [...cookies, ...cookies]
    case 'turn':
      return cookies.toReversed()
  }
  const at = change.position % cookies.length
  const cookie = cookies[at]
  if (cookie === undefined) return cookies
  return cookies.toSpliced(at, 1, ...changedOne(cookie, cookies, change))
}

function changedOne(
  [name, value]: Cookie,
  cookies: readonly Cookie[],
  change: Extract<Change, { position: number }>,
): readonly Cookie[] {
  switch (change.change) {
    case 'name':
      return [[withCharacter(name, change), value]]
    case 'value':
      return [[name, withCharacter(value, change)]]
    case 'cut':
      return [[name, value.slice(0, change.at)]]
    case 'swap':
      return [[name, cookies[change.at % cookies.length]?.[1] ?? '']]
    case 'drop':
      return []
  }
}

function withCharacter(text: string, { at, character }: { at: number; character: string }): string {
  const position = at % (text.length + 1)
  return text.slice(0, position) + character + text.slice(position + 1)
}

const POSITIONS = fc.nat({ max: 7 })
const CHARACTERS = fc.constantFrom(
  ...['', 'a', 'A', '0', '.', '-', '_', '=', '%', '%2e', '%00', '"', ':', '+', '/', '😀', '\u0080'],
)
/** Names that a cookie may have, the application's own among them. */
export const COOKIE_NAMES = fc.constantFrom(
  ...['connect.sid', '__Host-login.', '__Host-login.a.b', '__proto__', 'constructor', '', ' '],
)
/** Values that a cookie may have. */
export const COOKIE_VALUES = fc.oneof(
  fc.constantFrom('', 's:', 's%3A', 's:.', 's:a.b', 's:__proto__.x', 'j:{"a":1}', '%', '"', '....'),
  fc.constantFrom('eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aaaa.bbbb.cccc', 'x'.repeat(4_000)),
  // What Node would not take for one line of a header is not a cookie's fault.
  fc.string({ unit: 'grapheme' }).map((value) => value.replace(/[\p{Cc};,]/gu, '_')),
)

const OFFSETS = fc.nat({ max: 400 })

/** Any change. */
export const COOKIE_CHANGES: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    change: fc.constantFrom('name', 'value', 'value', 'value'),
    position: POSITIONS,
    at: OFFSETS,
    character: CHARACTERS,
  }),
  fc.record({ change: fc.constantFrom('cut', 'swap'), position: POSITIONS, at: OFFSETS }),
  fc.record({ change: fc.constant('drop'), position: POSITIONS }),
  fc.record({
    change: fc.constant('add'),
    cookie: fc.tuple(COOKIE_NAMES, COOKIE_VALUES),
    isFirst: fc.boolean(),
  }),
  fc.record({ change: fc.constantFrom('double', 'turn') }),
)

/** The `Cookie` header. */
export function headerOf(cookies: readonly Cookie[]): string {
  return cookies.map(([name, value]) => `${name}=${value}`).join('; ')
}
