import { hash, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose'
import type { TestApp } from '../support/app.js'
import { Browser, listen } from '../support/http.js'
import { asked, bodyOf, ONE_LOGIN } from '../support/login.js'
import { setScene } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'
import type { RecordedRequest, Script } from '../support/scripted-provider.js'

const scene = setScene()

/** An application whose tokens are bound to a key; `GET /call` calls the resource. */
function start(): Promise<TestApp> {
  return scene.start({
    strategy: { dpopKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey },
    routes: (app, strategy) => {
      app.get('/call', (req, res, next) => {
        strategy
          .fetch(req, `${scene.provider.origin}/api?of=ada`)
          .then(({ status }) => res.status(status).end(), next)
      })
    },
  })
}

function answerWithType(tokenType: string): void {
  scene.provider.onToken(json(tokenResponse({ token_type: tokenType, access_token: 'bound' })))
}

function proofOf({ headers }: RecordedRequest) {
  const proof = String(headers['dpop'])
  return { header: decodeProtectedHeader(proof), claims: decodeJwt(proof) }
}

/** Refuses, with this challenge, every request whose proof lacks the nonce. */
function wantNonce(challenge: string, nonce: string, then: Script): Script {
  return (request, response) => {
    const headers = { 'www-authenticate': challenge, 'dpop-nonce': nonce }
    if (proofOf(request).claims['nonce'] === nonce) then(request, response)
    else response.writeHead(401, headers).end()
  }
}

describe('a token that is bound to a key', () => {
  it.each(['DPoP', 'dpop', 'DPOP', 'dPoP'])(
    'may be called %s, and goes out under the scheme DPoP [dpop-3]',
    async (tokenType) => {
      answerWithType(tokenType)
      const app = await start()
      const browser = new Browser()
      expect((await browser.follow(app.loginURL)).status).toBe(200)
      const { tokens } = bodyOf(await browser.visit(`${app.origin}/tokens`))
      expect(tokens).toMatchObject({ accessToken: 'bound', tokenType: 'dpop' })
      const [profile] = scene.provider.requestsTo('/me')
      expect(profile?.headers.authorization).toBe('DPoP bound')
      expect(asked(scene.provider)).toEqual(ONE_LOGIN)
    },
  )

  it.each(['Bearer', 'bearer', 'DPoP2', 'N_A'])('may not be called %s', async (tokenType) => {
    answerWithType(tokenType)
    const app = await start()
    const page = await new Browser().follow(app.loginURL)
    expect([page.status, bodyOf(page)]).toEqual([502, { code: 'ERR_TOKEN_ENDPOINT' }])
    expect(asked(scene.provider)).toEqual(['POST /token'])
  })
})

describe('a proof of possession', () => {
  it('is made anew for each request, for it alone, and shows no private part of the key [dpop-1]', async () => {
    answerWithType('DPoP')
    scene.provider.on('/api', json({}))
    const app = await start()
    const browser = new Browser()
    await browser.follow(app.loginURL)
    expect((await browser.visit(`${app.origin}/call`)).status).toBe(200)

    const proofs = scene.provider.requests.map(proofOf)
    const now = Math.floor(Date.now() / 1000)
    for (const { claims } of proofs) {
      expect(claims.iat).toBeGreaterThan(now - 60)
      expect(claims.iat).toBeLessThanOrEqual(now)
    }
    const { origin } = scene.provider
    const ath = hash('sha256', 'bound', 'base64url')
    expect(proofs.map(({ claims: { htm, htu, ath: of } }) => [htm, htu, of])).toEqual([
      ['POST', `${origin}/token`, undefined],
      ['GET', `${origin}/me`, ath],
      ['GET', `${origin}/api`, ath],
    ])
    expect(new Set(proofs.map(({ claims }) => claims.jti)).size).toBe(proofs.length)
    const [request = ''] = scene.provider.authorizationRequests
    const bound = new URL(request, origin).searchParams.get('dpop_jkt')
    for (const { header } of proofs) {
      expect(header).toMatchObject({ typ: 'dpop+jwt', alg: 'ES256' })
      expect(Object.keys(header.jwk ?? {}).sort()).toEqual(['crv', 'kty', 'x', 'y'])
      expect(await calculateJwkThumbprint(header.jwk ?? {})).toBe(bound)
    }
  })

  const SCHEMES = ['DPoP', 'dpop', 'DPOP', 'dPoP']

  it.each(SCHEMES)(
    'is repeated with the nonce of a challenge by a resource, whatever the case of its scheme: %s [dpop-2]',
    async (scheme) => {
      answerWithType('DPoP')
      const challenge = `${scheme} error="use_dpop_nonce", algs="ES256 PS256"`
      scene.provider.onProfile(wantNonce(challenge, 'nonce-of-api', json({ sub: 'ada' })))
      const app = await start()
      const browser = new Browser()
      expect((await browser.follow(app.loginURL)).status).toBe(200)
      expect(asked(scene.provider)).toEqual(['POST /token', 'GET /me', 'GET /me'])

      // Another nonce now, so that the one from before will not do.
      scene.provider.requests.length = 0
      scene.provider.on('/api', wantNonce(challenge, 'next', json({})))
      expect((await browser.visit(`${app.origin}/call`)).status).toBe(200)
      const nonces = scene.provider.requestsTo('/api').map((one) => proofOf(one).claims['nonce'])
      expect(nonces).toEqual(['nonce-of-api', 'next'])
      expect(asked(scene.provider)).toEqual(['GET /api', 'GET /api'])
    },
  )

  it('has the nonce of its own server, and never that of another [dpop-4]', async () => {
    answerWithType('DPoP')
    const proofs: unknown[] = []
    const other = await listen((request, response) => {
      proofs.push(decodeJwt(String(request.headers['dpop']))['nonce'])
      response.writeHead(200, { 'dpop-nonce': `nonce-${proofs.length}-of-other` }).end()
    })
    scene.provider.on('/api', json({}, 200, { 'dpop-nonce': 'nonce-of-api' }))
    const app = await scene.start({
      strategy: { dpopKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey },
      routes: (one, strategy) => {
        one.get('/call', (req, res, next) => {
          const [api, elsewhere] = [`${scene.provider.origin}/api`, `${other.origin}/api`]
          const call = async (): Promise<void> => {
            for (const url of [api, elsewhere, api, elsewhere, elsewhere]) {
              await strategy.fetch(req, url)
            }
          }
          call().then(() => res.end(), next)
        })
      },
    })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    expect((await browser.visit(`${app.origin}/call`)).status).toBe(200)
    await other.close()

    const nonces = scene.provider.requestsTo('/api').map((one) => proofOf(one).claims['nonce'])
    expect(nonces).toEqual([undefined, 'nonce-of-api'])
    // Each answer brings the next one.
    expect(proofs).toEqual([undefined, 'nonce-1-of-other', 'nonce-2-of-other'])
  })

  it('is repeated once, and not again when the resource still wants another nonce', async () => {
    answerWithType('DPoP')
    let count = 0
    scene.provider.on('/api', (request, response) => {
      count += 1
      const script = wantNonce('DPoP error="use_dpop_nonce"', `nonce-${count}`, json({}))
      script(request, response)
    })
    const app = await start()
    const browser = new Browser()
    await browser.follow(app.loginURL)
    expect((await browser.visit(`${app.origin}/call`)).status).toBe(401)
    expect(scene.provider.requestsTo('/api')).toHaveLength(2)
  })
})
