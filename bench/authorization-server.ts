/**
 * An authorization server that costs next to nothing: no browser comes to it, and it remembers nothing but
 * refresh tokens that were used. A code is made by the browser, of what the server needs to check it, and of
 * who the person is. Tokens begin with that.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createGate } from '../test/support/gate.js'
import { listen } from '../test/support/http.js'
import { serve } from './processes.js'

export type AuthorizationServerCommands = typeof commands

/** Where its endpoints are. */
export interface Endpoints {
  readonly issuer: string
  readonly authorizationURL: string
  readonly tokenURL: string
  readonly profileURL: string
  readonly jwksURL: string
}

const KEY_ID = 'key-1'
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

let lifetimeSeconds = 3600
let tokenLength = 43
let tokenRequests = 0
let refreshGate: ReturnType<typeof createGate> | undefined
/** The number of the one good refresh token of a grant that was refreshed; 0 when the grant has ended. */
const goodOnes = new Map<string, number>()

const commands = {
  endpoints: (): Endpoints => endpoints,
  /** How long access tokens last from now on, in seconds. */
  setLifetime: (seconds: number) => void (lifetimeSeconds = seconds),
  /** How many characters access tokens have from now on. */
  setTokenLength: (characters: number) => void (tokenLength = characters),
  /** How many token requests there were since the last call. */
  countTokenRequests: () => {
    const count = tokenRequests
    tokenRequests = 0
    return count
  },
  holdRefreshes: () => void (refreshGate = createGate()),
  refreshReached: () => refreshGate?.reached,
  releaseRefreshes: () => refreshGate?.open(),
}

const { origin } = await listen((req, res) => {
  const answer = (status: number, body: unknown): void => {
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  if (req.url === '/token') {
    answerToken(req).then(
      ({ status, body }) => answer(status, body),
      () => answer(500, {}),
    )
  } else if (req.url === '/userinfo') {
    const [, sub] = /^Bearer ([^~]+)~/.exec(req.headers.authorization ?? '') ?? []
    answer(sub === undefined ? 401 : 200, sub === undefined ? {} : claimsOf(sub))
  } else if (req.url === '/jwks') {
    answer(200, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, alg: 'RS256' }] })
  } else if (req.url === '/.well-known/openid-configuration') {
    answer(200, metadata())
  } else {
    answer(404, {})
  }
})
const endpoints: Endpoints = {
  issuer: origin,
  authorizationURL: `${origin}/authorize`,
  tokenURL: `${origin}/token`,
  profileURL: `${origin}/userinfo`,
  jwksURL: `${origin}/jwks`,
}
serve(commands)

function metadata(): Record<string, unknown> {
  return {
    issuer: origin,
    authorization_endpoint: endpoints.authorizationURL,
    token_endpoint: endpoints.tokenURL,
    userinfo_endpoint: endpoints.profileURL,
    jwks_uri: endpoints.jwksURL,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  }
}

interface TokenAnswer {
  readonly status: number
  readonly body: unknown
}

const REFUSAL: TokenAnswer = { status: 400, body: { error: 'invalid_grant' } }

async function answerToken(req: IncomingMessage): Promise<TokenAnswer> {
  tokenRequests++
  let text = ''
  for await (const chunk of req) text += String(chunk)
  const form = new URLSearchParams(text)
  return form.get('grant_type') === 'refresh_token' ? refresh(form) : exchange(form)
}

function exchange(form: URLSearchParams): TokenAnswer {
  const code = Buffer.from(form.get('code') ?? '', 'base64url').toString()
  const [challenge, nonce, scope, sub] = JSON.parse(code) as (string | null)[]
  const verifier = form.get('code_verifier') ?? ''
  if (createHash('sha256').update(verifier).digest('base64url') !== challenge) return REFUSAL
  const tokens = tokensOf(`${sub}~${randomBytes(16).toString('base64url')}`, 1, scope ?? '')
  // Only those who ask for an ID token get one, for its signature takes its time.
  if (scope?.split(' ').includes('openid') !== true) return { status: 200, body: tokens }
  return { status: 200, body: { ...tokens, id_token: idToken(`${sub}`, nonce ?? undefined) } }
}

/** A refresh token that comes again was stolen, and ends the grant. */
function refresh(form: URLSearchParams): TokenAnswer | Promise<TokenAnswer> {
  const [grant = '', number = ''] = (form.get('refresh_token') ?? '').split('.')
  const good = goodOnes.get(grant) ?? 1
  if (Number(number) !== good) {
    goodOnes.set(grant, 0)
    return REFUSAL
  }
  goodOnes.set(grant, good + 1)
  const answer = { status: 200, body: tokensOf(grant, good + 1, '') }
  return refreshGate === undefined ? answer : refreshGate.pass().then(() => answer)
}

function tokensOf(grant: string, number: number, scope: string): Record<string, unknown> {
  const [sub = ''] = grant.split('~')
  const random = randomBytes(tokenLength).toString('base64url')
  return {
    access_token: `${sub}~${random}`.slice(0, tokenLength),
    token_type: 'Bearer',
    expires_in: lifetimeSeconds,
    refresh_token: `${grant}.${number}`,
    ...(scope !== '' && { scope }),
  }
}

function claimsOf(sub: string): Record<string, string> {
  return { sub, name: 'Ada Lovelace', email: `${sub}@example.com` }
}

function idToken(sub: string, nonce: string | undefined): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: origin,
    aud: 'client-1',
    iat: now,
    exp: now + 3600,
    ...claimsOf(sub),
    nonce,
  }
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'RS256', kid: KEY_ID })}.${part(claims)}`
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
}
