import fc from 'fast-check'
import { MEMBERS } from '../answers.js'
import { COOKIE_CHANGES, COOKIE_NAMES, COOKIE_VALUES } from '../cookies.js'
import type { Change } from '../cookies.js'
import { FORMS, HEADERS, HONEST_QUERY, QUERIES } from '../requests.js'
import type { Form, Template } from '../requests.js'
import { FORGERIES } from './jwts.js'
import type { Forgery } from './jwts.js'
import { KEY_ANSWERS, METADATA_ANSWERS, PLANS } from './plan.js'
import type { HostileAnswer, Plan } from './plan.js'
import { PATHS, RAW_BYTES, ROUTES } from './raw-bytes.js'

/** A strategy that people log in with. */
type LoginPath = 'plain' | 'auth' | 'wild'

/** Replaces what a session has at a place; the numbers choose a member at each depth. */
export interface Edit {
  readonly place: readonly number[]
  readonly value: unknown
}

/** Everything that an attack consists of, as plain data: what it needs of the moment is filled in when it is done. */
export type Attack =
  /** Bytes that are hardly HTTP. */
  | { readonly kind: 'raw bytes'; readonly bytes: string }
  /** A request of any form, to any route, by a visitor with a pending login. */
  | {
      readonly kind: 'request'
      readonly method: string
      readonly path: string
      readonly query: Template
      readonly headers: readonly string[]
      readonly form: Form | null
    }
  /** Cookies that are not those of the attacker's login, or only partly. */
  | {
      readonly kind: 'cookies'
      readonly changes: readonly Change[]
      readonly header: string | null
      readonly path: string
    }
  /** A callback that the provider has not sent, or to somebody else. */
  | {
      readonly kind: 'callback'
      readonly path: LoginPath
      readonly query: Template
      readonly form: Form | null
      /** Whose values stand in it. */
      readonly values: 'own' | "another's code" | "another's state" | 'used ones'
      readonly withCookies: boolean
    }
  /** A logout token. */
  | {
      readonly kind: 'logout token'
      readonly forgery: Forgery | null
      readonly claims: Readonly<Record<string, unknown>>
      readonly typ: string
      readonly copies: number
      readonly form: Form | null
    }
  /** Session data that nothing of ours has written. */
  | {
      readonly kind: 'session data'
      readonly path: LoginPath
      readonly edits: readonly Edit[]
      readonly routes: readonly string[]
    }
  /** A login at a provider that answers strangely, and what comes after. */
  | { readonly kind: 'provider'; readonly path: LoginPath; readonly plan: Plan }
  | { readonly kind: 'keys'; readonly answer: HostileAnswer }
  | { readonly kind: 'metadata'; readonly answer: HostileAnswer }

export type AttackKind = Attack['kind']

function perhaps<Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, values)
}

const LOGIN_PATHS = fc.constantFrom<LoginPath[]>('plain', 'auth', 'wild')

const LOGOUT_CLAIMS = fc.dictionary(
  fc.constantFrom('iss', 'aud', 'iat', 'exp', 'jti', 'sid', 'events', 'nonce', '__proto__', 'x'),
  fc.oneof(MEMBERS, fc.constant('x'.repeat(50_000)), fc.constant({ a: [[[[[]]]]] })),
  { maxKeys: 2 },
)

const KINDS: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Attack> }[] = [
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('raw bytes'), bytes: RAW_BYTES }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('request'),
      method: fc.constantFrom('GET', 'GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'),
      path: PATHS,
      query: QUERIES,
      headers: HEADERS,
      form: perhaps(FORMS),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('cookies'),
      changes: fc.array(COOKIE_CHANGES, { minLength: 1, maxLength: 4 }),
      header: perhaps(
        fc
          .array(
            fc.oneof(
              fc.tuple(COOKIE_NAMES, COOKIE_VALUES).map((pair) => pair.join('=')),
              COOKIE_VALUES,
            ),
            { maxLength: 12 },
          )
          .map((pairs) => pairs.join('; ')),
      ),
      path: fc.constantFrom(...ROUTES),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('callback'),
      path: LOGIN_PATHS,
      query: fc.oneof(fc.constant(HONEST_QUERY), QUERIES),
      form: perhaps(FORMS),
      values: fc.constantFrom('own', "another's code", "another's state", 'used ones'),
      withCookies: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('logout token'),
      forgery: perhaps(FORGERIES),
      claims: LOGOUT_CLAIMS,
      typ: fc.constantFrom('logout+jwt', 'JWT', '', '😀'),
      copies: fc.constantFrom(1, 1, 1, 2, 20),
      form: perhaps(FORMS),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('session data'),
      path: LOGIN_PATHS,
      edits: fc.array(
        fc.record({ place: fc.array(fc.nat({ max: 40 }), { maxLength: 6 }), value: MEMBERS }),
        { minLength: 1, maxLength: 3 },
      ),
      routes: fc.shuffledSubarray([...ROUTES], { minLength: 3, maxLength: 6 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('provider'), path: LOGIN_PATHS, plan: PLANS }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('keys'), answer: KEY_ANSWERS }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('metadata'), answer: METADATA_ANSWERS }) },
] as const

const ATTACKS: fc.Arbitrary<Attack> = fc.oneof(...KINDS)

/** How many attacks are generated at once. */
const AT_ONCE = 50

/** The attacks of a connection, without an end: the same ones for the same seed. */
export function* attacksOf(seed: number, connection: number): Generator<Attack, never> {
  for (let batch = 0; ; batch++) {
    // Any numbers do that are different for each batch of each connection.
    const own = (seed * 1_000_003 + connection * 7919 + batch * 104_729) | 0
    yield* fc.sample(ATTACKS, { seed: own, numRuns: AT_ONCE })
  }
}
