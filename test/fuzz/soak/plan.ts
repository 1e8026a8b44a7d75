import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { Script } from '../../support/scripted-provider.js'
import { answers, arrived, changedJson, deliver, fill, HONEST_ANSWER, MEMBERS } from '../answers.js'
import type { Filling, StrangeAnswer } from '../answers.js'
import { calledTokens, tokensIn } from '../token-oracle.js'
import { FORGERIES } from './jwts.js'
import type { Forgery } from './jwts.js'

/** What else is strange about how an answer travels. */
type Journey = 'as it says' | 'compressed' | 'a compressed flood' | 'after a while' | 'never'

/** What a provider answers, and how. */
export interface HostileAnswer {
  readonly answer: StrangeAnswer
  readonly journey: Journey
}

/** What the provider answers to one login and its tokens; honestly, where nothing is said. */
export interface Plan {
  readonly token?: HostileAnswer
  readonly profile?: HostileAnswer
  readonly refresh?: HostileAnswer
  readonly revoke?: HostileAnswer
  readonly api?: HostileAnswer
  /** Claims of the ID token that are different. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** The ID token is not the provider's: nobody may be logged in by it. */
  readonly forgery?: Forgery
  /** Access tokens live that long: a second makes the next request refresh. */
  readonly lifetimeSeconds?: number
}

/** How long an answer takes that comes "after a while": less than the application waits. */
const WHILE_MS = 300

/** More than any limit for a response, and little on the wire. */
const FLOOD = gzipSync(Buffer.alloc(32 * 1024 * 1024, ' '))

const JOURNEYS: fc.Arbitrary<Journey> = fc.oneof(
  { weight: 40, arbitrary: fc.constant<Journey>('as it says') },
  { weight: 8, arbitrary: fc.constant<Journey>('compressed') },
  { weight: 2, arbitrary: fc.constantFrom<Journey[]>('a compressed flood', 'after a while') },
  { weight: 1, arbitrary: fc.constant<Journey>('never') },
)

function travelling(answer: fc.Arbitrary<StrangeAnswer>): fc.Arbitrary<HostileAnswer> {
  return fc.record({ answer, journey: JOURNEYS })
}

const TOKEN_MEMBERS = fc.constantFrom(
  ...['access_token', 'token_type', 'expires_in', 'refresh_token', 'scope', 'id_token', 'error'],
  ...['error_description', 'error_uri', 'refresh_token_expires_in', 'authorization_details'],
  ...['__proto__', 'constructor', 'then', 'toJSON', 'status', ''],
)
const PROFILE_MEMBERS = fc.constantFrom(
  ...['sub', 'id', 'name', 'email', 'email_verified', 'picture', '__proto__', 'constructor', ''],
)
const TOKENS = `${(HONEST_ANSWER.body as string).slice(0, -1)},"id_token":"{idToken}"}`
const PROFILE = '{"sub":"{person}","name":"Mallory","email":"mallory@example.com"}'
const METADATA =
  '{"issuer":"{issuer}","authorization_endpoint":"{issuer}/a","token_endpoint":"{issuer}/t","userinfo_endpoint":"{issuer}/u","revocation_endpoint":"{issuer}/r","jwks_uri":"{issuer}/k"}'
const METADATA_MEMBERS = fc.constantFrom(
  ...['issuer', 'authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri'],
  ...['revocation_endpoint', 'code_challenge_methods_supported', 'end_session_endpoint'],
  ...['token_endpoint_auth_methods_supported', 'mtls_endpoint_aliases', '__proto__', 'then'],
)
const CLAIMS = fc.constantFrom(
  ...['iss', 'aud', 'azp', 'exp', 'iat', 'nbf', 'nonce', 'at_hash', 'auth_time', 'acr', 'sid'],
)
const KEY_MEMBERS = fc.constantFrom('keys', 'kty', 'kid', 'crv', 'x', 'y', 'use', '__proto__')

/** Whatever a provider may say about itself. */
export const METADATA_ANSWERS = travelling(answers(changedJson(METADATA, METADATA_MEMBERS)))

/** Whatever a provider may publish as its keys. */
export const KEY_ANSWERS = travelling(answers(changedJson('{"keys":[{jwk}]}', KEY_MEMBERS)))

/** A provider that is honest but for one to three things. */
export const PLANS: fc.Arbitrary<Plan> = fc
  .record<Plan>(
    {
      token: travelling(answers(changedJson(TOKENS, TOKEN_MEMBERS))),
      profile: travelling(answers(changedJson(PROFILE, PROFILE_MEMBERS))),
      refresh: travelling(answers(changedJson(TOKENS, TOKEN_MEMBERS))),
      revoke: travelling(answers(fc.constantFrom('', '{}', '{"error":"invalid_request"}'))),
      api: travelling(answers(fc.json())),
      claims: fc.dictionary(CLAIMS, MEMBERS, { maxKeys: 2 }),
      forgery: FORGERIES,
      lifetimeSeconds: fc.constantFrom(0, 1, 2, 3600, 1e12),
    },
    { requiredKeys: [] },
  )
  .chain((all) => {
    const entries = Object.entries(all)
    return fc
      .shuffledSubarray(entries, { maxLength: Math.min(3, entries.length) })
      .map((some) => Object.fromEntries(some))
  })

/** Sends a hostile answer on its way. */
export function send({ answer, journey }: HostileAnswer, filling: Filling): Script {
  return (request, response) => {
    switch (journey) {
      case 'never':
        return
      case 'after a while':
        setTimeout(() => deliver(answer, filling)(request, response), WHILE_MS)
        return
      case 'a compressed flood':
        response.writeHead(200, {
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          connection: 'close',
        })
        response.end(FLOOD)
        return
      case 'compressed': {
        const headers = { ...answer.headers, 'content-encoding': 'gzip' }
        const body = gzipSync(fill(answer.body, filling))
        deliver({ ...answer, headers, body }, filling)(request, response)
        return
      }
      case 'as it says':
        deliver(answer, filling)(request, response)
    }
  }
}

/** The largest answer that the application accepts, in **bytes**: the library's default. */
const RESPONSE_LIMIT_BYTES = 1024 * 1024

function whatArrives({ answer, journey }: HostileAnswer, filling: Filling) {
  const isLost = journey === 'never' || journey === 'a compressed flood'
  if (isLost) return undefined
  const said = Object.entries(answer.headers).filter(([name]) => name !== 'content-encoding')
  // What is really compressed says so itself, whatever was said before.
  const sent = journey === 'compressed' ? { ...answer, headers: Object.fromEntries(said) } : answer
  return arrived(sent, filling, RESPONSE_LIMIT_BYTES)
}

/** The values that a token response itself calls tokens: whatever else it says, nobody may be shown them. */
export function tokensNamedIn(hostile: HostileAnswer, filling: Filling): readonly string[] {
  return calledTokens(whatArrives(hostile, filling))
}

/** Whether somebody may be logged in: with tokens, and an ID token of the provider's, if there is one. */
export function mayLogIn({ token, forgery }: Plan, hasIdToken: boolean): boolean {
  if (forgery !== undefined && hasIdToken) return false
  return token === undefined || tokensIn(whatArrives(token, {})) !== undefined
}
