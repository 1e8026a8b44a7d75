import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readResponse } from '../../src/endpoints/authorization-response.js'
import { AuthorizationResponseError, TokenEndpointError } from '../../src/index.js'
import { providerText } from '../../src/lib/provider-text.js'
import { sameOriginPath } from '../../src/lib/same-origin-path.js'
import { readOptions } from '../../src/options/read-options.js'
import { isTooDeep, standardResponse } from '../../src/client/answer.js'
import { expectNoneOf, thrownBy } from '../support/errors.js'
import { arrived, TOKEN_ANSWERS } from './answers.js'
import { expectSilence, fuzz } from './fuzz.js'
import { HONEST_QUERY, isHonest, QUERIES, render } from './requests.js'
import { calledTokens, tokensIn } from './token-oracle.js'

expectSilence()

const PURE = { times: 50 }

describe('sameOriginPath', () => {
  const pieces = fc.constantFrom(
    ...['/', '//', '\\', '.', '..', '%2e', '%2f', '%5c', ':', '@', '?', '#', '[', '%', ';', '{'],
    ...['\t', '\n', '\r', '\0', ' ', '\ufeff', '／', '。', 'é', '\ud800', 'https:', 'evil.example'],
  )
  const values = fc.oneof(
    fc.string({ unit: pieces, maxLength: 12 }).map((value) => `/${value}`),
    fc.string({ unit: 'binary', maxLength: 3_000 }).map((value) => `/${value}`),
    fc.anything(),
  )

  it('gives nothing, or what stays on this origin wherever and however often it is read [fuzz-function-1]', async () => {
    const property = fc.property(values, (value) => {
      const path = sameOriginPath(value)
      if (path === undefined) return
      expect(path).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/)
      for (const base of ['http://a.example', 'https://b.example/x/y?z', 'http://[::1]:8080/']) {
        expect(new URL(path, base).origin).toBe(new URL(base).origin)
        // A proxy that joins origin and path makes the same of it.
        expect(new URL(new URL(base).origin + path).href).toBe(new URL(path, base).href)
      }
    })
    await fuzz(property, PURE)
  })
})

describe('providerText', () => {
  const secrets = fc.array(fc.string({ unit: 'grapheme-ascii', minLength: 12, maxLength: 40 }), {
    minLength: 1,
    maxLength: 3,
  })
  const inUrlSmall = (secret: string) =>
    encodeURIComponent(secret).replace(/%../g, (one) => one.toLowerCase())
  const inJsonOfPhp = (secret: string) => JSON.stringify(secret).replaceAll('/', '\\/')
  const spell = fc.constantFrom<(secret: string) => string>(
    (secret) => secret,
    (secret) => encodeURIComponent(secret),
    (secret) => new URLSearchParams({ a: secret }).toString().slice(2),
    (secret) => JSON.stringify(secret),
    inUrlSmall,
    inJsonOfPhp,
  )
  const texts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.nat({ max: 2 })), {
    maxLength: 6,
  })

  it('shows no secret, however it is spelled and whatever stands around it', async () => {
    const property = fc.property(secrets, spell, texts, (all, spelled, parts) => {
      const text = parts
        .map((part) => (typeof part === 'string' ? part : spelled(all[part % all.length] ?? '')))
        .join('~')
      const shown = providerText(text, all) ?? ''
      for (const secret of all) {
        // What stood there before anybody quoted anything is no quotation.
        const plain = parts.filter((part) => typeof part === 'string').join('~')
        if (plain.includes(secret)) continue
        expect(shown).not.toContain(secret)
        expect(shown).not.toContain(spelled(secret).replace(/^"|"$/g, ''))
      }
      expect(shown.length).toBeLessThanOrEqual(301)
      expect(shown).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
    })
    // Found: digits of percent-encoding as .NET writes them, and slashes in JSON as PHP does.
    const examples: [string[], (secret: string) => string, (string | number)[]][] = [
      [['4/0AX4XfWh_abcdef'], inUrlSmall, ['code', 0]],
      [['4/0AX4XfWh_abcdef'], inJsonOfPhp, ['code', 0]],
    ]
    await fuzz(property, { ...PURE, examples })
  })
})

describe('readResponse', () => {
  const honest = { state: 'the-state-of-this-login', code: 'the/code+of this login' }

  it('finds a code exactly where one honest answer is, and quotes no state', async () => {
    const issuers = fc.constantFrom(undefined, 'https://issuer.example', '__proto__')
    const property = fc.property(
      QUERIES,
      issuers,
      fc.boolean(),
      (template, issuer, issRequired) => {
        const query = render(template, honest)
        const parameters = new URLSearchParams(query)
        // What `state` is has been looked at before, and a code is whatever the provider says.
        const { state = '', code = '', iss, error } = Object.fromEntries(parameters)
        fc.pre(parameters.has('state'))
        const isFromIssuer =
          iss === undefined ? !issRequired : issuer === undefined || iss === issuer
        const isGood = code !== '' && isHonest(query, { state, code }) && isFromIssuer
        const read = () => readResponse(parameters, { issuer, issRequired })
        const failure = thrownBy(read)
        if (isGood) expect(read()).toEqual({ kind: 'code', code })
        else if (failure === undefined) expect(read()).toMatchObject({ kind: 'refused', error })
        else {
          expect(failure).toBeInstanceOf(AuthorizationResponseError)
          if (state === honest.state) expectNoneOf([state], failure)
        }
      },
    )
    await fuzz(property, { ...PURE, examples: [[HONEST_QUERY, undefined, false]] })
  })
})

describe('standardResponse', () => {
  const settings = readOptions({
    authorizationURL: 'https://provider.example/authorize',
    tokenURL: 'https://provider.example/token',
    clientID: 'client-1',
    clientSecret: 'the secret of this client',
    callbackURL: 'https://app.example/callback',
  })
  const filling = {
    ...{ access: 'the-access-token', refresh: 'the-refresh-token' },
    ...{
      code: 'the/code+of this login',
      verifier: 'the-verifier',
      secret: 'the secret of client-1’s own',
    },
  }

  it('hands on the tokens of every good answer, and says of every other what is wrong without them', async () => {
    const sent = [filling.code, filling.verifier, filling.secret]
    const request = { secrets: () => sent, clientAdvice: () => 'Check the client.' }
    const property = fc.property(TOKEN_ANSWERS, (answer) => {
      const came = arrived({ ...answer, delivery: 'whole' }, filling, Infinity)
      if (came === undefined) return
      const answered = { ...came, headers: { 'content-type': came.type } }
      const read = () => standardResponse(answered, 'exchange', settings, request)
      const failure = thrownBy(read) as Error | undefined
      if (failure === undefined) {
        const members = read()
        // It is refused where it is read.
        if (isTooDeep(members)) return
        const text = JSON.stringify(members)
        expect(tokensIn({ status: 200, type: came.type, text })).toEqual(tokensIn(came))
      } else {
        expect(tokensIn(came)).toBeUndefined()
        expect(failure).toBeInstanceOf(TokenEndpointError)
        expectNoneOf([...sent, ...calledTokens(came)], failure)
      }
    })
    await fuzz(property, PURE)
  })
})
