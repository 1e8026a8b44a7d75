import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  AuthorizationCodeStrategy,
  ConfigurationError,
  discover,
  DiscoveryError,
} from '../../src/index.js'
import type { DiscoveredProvider } from '../../src/index.js'
import { stop } from '../support/http.js'
import { json } from '../support/scripted-provider.js'
import type { RecordedRequest, Script } from '../support/scripted-provider.js'
import { answers, changedJson, deliver, MEMBERS } from './answers.js'
import type { StrangeAnswer } from './answers.js'
import { expectSilence, fuzz, TEST_LIMIT_MS } from './fuzz.js'

expectSilence()

let server: Server
let issuer: string
let script: Script
const paths: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    paths.push(request.url ?? '')
    script(request as unknown as RecordedRequest, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  paths.length = 0
})
afterAll(() => stop(server))

const HONEST =
  '{"issuer":"{issuer}","authorization_endpoint":"{issuer}/a","token_endpoint":"{issuer}/t","userinfo_endpoint":"{issuer}/u","revocation_endpoint":"{issuer}/r"}'

const METHODS_NO_LIST = `${HONEST.slice(0, -1)},"token_endpoint_auth_methods_supported":{}}`

const NAMES = fc.constantFrom(
  ...['issuer', 'authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri'],
  ...['revocation_endpoint', 'code_challenge_methods_supported', 'end_session_endpoint'],
  ...['token_endpoint_auth_methods_supported', 'pushed_authorization_request_endpoint'],
  ...['authorization_response_iss_parameter_supported', 'require_pushed_authorization_requests'],
  ...['__proto__', 'constructor', 'toString', 'then', ''],
)
const VALUES = fc.oneof(
  MEMBERS,
  fc.constantFrom(
    '{issuer}',
    '{issuer}/',
    '{issuer}/x?a=b#c',
    'http://evil.example',
    'javascript:1',
  ),
  fc.constantFrom('//evil.example', 'https://a@b:c', 'https://', 'https://[', 'https://a b', '/a'),
  fc.constantFrom<unknown>(['S256'], ['plain'], [null], ['client_secret_basic'], ['none'], [{}]),
)
const METADATA = answers(changedJson(HONEST, NAMES, VALUES))

/** Whether a strategy may send requests to it. */
function isUsable(url: string | undefined): boolean {
  if (url === undefined) return true
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || hostname === '127.0.0.1'
}

/** Whoever is set up with what was found gets a strategy, or is told which option cannot be used. */
function expectUsableOrRefused(found: DiscoveredProvider): void {
  expect(new URL(found.issuer).origin).toBe(issuer)
  const callbackURL = 'https://app.example/callback'
  try {
    const strategy = new AuthorizationCodeStrategy({
      ...found,
      clientID: 'client-1',
      clientSecret: 'secret-1',
      callbackURL,
    })
    expect(strategy.name).toEqual(expect.any(String))
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return
  }
  const { authorizationURL, tokenURL, profileURL, revocationURL } = found
  expect([authorizationURL, tokenURL, profileURL, revocationURL].map(isUsable)).not.toContain(false)
}

it(
  'finds a provider that can be used in any metadata, or throws a known error',
  async () => {
    const honest = { status: 200, type: 'application/json', headers: {}, body: HONEST }
    const examples: StrangeAnswer[] = [
      { ...honest, delivery: 'whole' },
      { ...honest, delivery: 'reset' },
      { ...honest, delivery: 'endless' },
      // Found: a TypeError when the strategy was made.
      { ...honest, body: METHODS_NO_LIST, delivery: 'whole' },
    ]
    const property = fc.asyncProperty(METADATA, async (answer) => {
      paths.length = 0
      script = deliver(answer, { issuer })
      const found = await discover(issuer).catch((error: unknown) => error)
      expect(paths.length).toBeLessThanOrEqual(2)
      if (found instanceof Error) expect(found).toBeInstanceOf(DiscoveryError)
      else expectUsableOrRefused(found as DiscoveredProvider)
      if (answer === examples[0]) expect(found).toMatchObject({ tokenURL: `${issuer}/t` })
    })
    await fuzz(property, { examples: examples.map((one) => [one]), times: 4 })
  },
  TEST_LIMIT_MS,
)

it(
  'takes any text for an issuer, or throws a known error',
  async () => {
    script = json({}, 404)
    const texts = fc.oneof(
      fc.constantFrom('{issuer}', '{issuer}/', '{issuer}/a/../b', '{issuer}?a=b', '{issuer}#c'),
      fc.constantFrom('', 'https://', 'http://evil.example', 'javascript:1', 'file:///etc/passwd'),
      fc.string({ unit: 'grapheme' }).map((path) => `{issuer}/${path}`),
      fc.string({ unit: 'binary' }).map((path) => `{issuer}/${path}`),
    )
    const property = fc.asyncProperty(texts, async (text) => {
      const found = await discover(text.replaceAll('{issuer}', issuer)).catch(
        (error: unknown) => error,
      )
      const isKnown = found instanceof DiscoveryError || found instanceof ConfigurationError
      expect(isKnown ? 'a known error' : found).toBe('a known error')
    })
    await fuzz(property)
  },
  TEST_LIMIT_MS,
)
