import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it, jest } from '@jest/globals'
import { exportJWK, exportPKCS8 } from 'jose'
import { takeKeyPair } from '../support/keys.js'
import { liveLoudly } from './loud-life.js'
import type { LoudClient, LoudLife } from './loud-life.js'

jest.setTimeout(300_000)

const clientSecret = `client-secret/${randomBytes(12).toString('hex')}+`

async function privateKey(): Promise<{ pem: string; parts: readonly string[] }> {
  const { privateKey: key } = await takeKeyPair('PS256')
  const { d = '', p = '', q = '' } = await exportJWK(key)
  const pem = await exportPKCS8(key)
  return { pem, parts: [d, p, q, ...pem.split('\n').slice(1, -2)] }
}

const [own, proof] = [await privateKey(), await privateKey()]

function withSecret(options: object = {}): LoudClient {
  return { options: () => ({ clientSecret, ...options }), secrets: [clientSecret] }
}

const CLIENTS: readonly (readonly [string, LoudClient])[] = [
  ['a client secret', withSecret()],
  ['HTTP Basic', withSecret({ clientAuthentication: 'client_secret_basic' })],
  ['JSON token requests', withSecret({ tokenRequestFormat: 'json' })],
  [
    'a private key, a DPoP key and pushed requests',
    {
      tokenType: 'DPoP',
      options: ({ origin }) => ({
        privateKey: own.pem,
        dpopKey: proof.pem,
        pushedAuthorizationRequestURL: `${origin}/par`,
      }),
      secrets: [...own.parts, ...proof.parts],
    },
  ],
]

describe('with every debug switch on, nothing the process prints or answers has a secret in it', () => {
  let lives: readonly PromiseSettledResult<LoudLife>[]

  // The providers that never answer take most of the time.
  beforeAll(async () => {
    lives = await liveLoudly(CLIENTS.map(([, client]) => client))
  })

  it.each(CLIENTS)('by %s [no-secrets-1]', (name) => {
    const life = lives[CLIENTS.findIndex(([one]) => one === name)]
    if (life?.status !== 'fulfilled') throw life?.reason ?? new Error('It has not lived.')
    const { secrets, output, pages } = life.value
    // The switches are on.
    expect(output).toMatch(/passport-authorization-code:refresh/)
    expect(output).toMatch(/express-session/)
    expect(output).toMatch(/UNDICI|HTTP \d/)
    expect(output).toMatch(/passport_authorization_code\.outcome/)
    expect(output).toMatch(/ERR_TOKEN_ENDPOINT/)
    const known = secrets.filter((secret) => secret.length > 8)
    expect(known.length).toBeGreaterThan(100)
    expect(leaks(known, output)).toEqual([])
    expect(leaks(known, pages)).toEqual([])
  })
})

/** How many characters of its end a secret is looked for by. None is shorter. */
const ENDING = 8

/** Where a text shows one of these, as it is or encoded. */
function leaks(known: readonly string[], text: string): readonly string[] {
  // Texts of megabytes, and thousands of secrets: one walk through the text, for how each secret ends.
  const byEnding = new Map<string, string[]>()
  for (const secret of known) {
    for (const one of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
      const ending = one.slice(-ENDING)
      byEnding.set(ending, [...(byEnding.get(ending) ?? []), one])
    }
  }
  const found = new Map<string, string>()
  for (let end = ENDING; end <= text.length; end++) {
    for (const secret of byEnding.get(text.slice(end - ENDING, end)) ?? []) {
      if (found.has(secret) || !text.endsWith(secret, end)) continue
      found.set(secret, text.slice(Math.max(0, end - secret.length - 300), end + 100))
    }
  }
  return [...found].map(([secret, where]) => `${secret} in: ${where}`)
}
