import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { stop } from '../../support/http.js'
import { json } from '../../support/scripted-provider.js'
import type { RecordedRequest, Script } from '../../support/scripted-provider.js'
import { createSigner } from './jwts.js'
import type { Signer } from './jwts.js'
import { send, tokensNamedIn } from './plan.js'
import type { HostileAnswer, Plan } from './plan.js'
import { markedToken } from './secrets.js'
import type { Secrets } from './secrets.js'

/** A login at the provider: who, and how it answers. */
interface Login {
  readonly person: string
  /** The strategy, which is the first part of the provider's paths. */
  readonly at: string
  readonly plan: Plan
  readonly state: string
  readonly code: string
  readonly challenge: string
  readonly nonce: string | null
}

/** Where the provider sends the browser. */
export interface Authorized {
  readonly state: string
  readonly code: string
  readonly callback: string
}

/**
 * The provider of all strategies. It knows its people by how they come: who they are is said to
 * {@link HostileProvider.authorize}, in this process, so that no request can claim it.
 */
export interface HostileProvider {
  readonly origin: string
  readonly signer: Signer
  /** Answers an authorization request. */
  authorize(url: string, person: string, plan: Plan): Authorized
  /** The claims of an honest logout token. */
  logoutClaims(person: string): Record<string, unknown>
  /** Publishes metadata or keys of an issuer of their own, and returns its name: the path of its URL. */
  publish(answer: HostileAnswer): string
  close(): Promise<void>
}

/** How many logins and tokens are remembered. */
const REMEMBERED = 20_000

/** A map that forgets its oldest entries. */
function createMemory<Value>(): Map<string, Value> {
  const map = new Map<string, Value>()
  const set = map.set.bind(map)
  map.set = (key, value) => {
    set(key, value)
    const oldest = map.size > REMEMBERED ? map.keys().next().value : undefined
    if (oldest !== undefined) map.delete(oldest)
    return map
  }
  return map
}

const now = (): number => Math.floor(Date.now() / 1000)

/** Starts the provider on a free port. */
export async function startHostileProvider(secrets: Secrets): Promise<HostileProvider> {
  const signer = await createSigner()
  const codes = createMemory<Login>()
  const tokens = createMemory<Login>()
  const published = createMemory<HostileAnswer>()
  /** The session of each person at the provider: another one for each login. */
  const sids = createMemory<string>()
  const publicKeys = json({ keys: [signer.jwk] })
  let issued = 0

  async function idTokenOf(login: Login, accessToken: string, isRefresh: boolean): Promise<string> {
    const { person, plan, nonce, at } = login
    const digest = createHash('sha256').update(accessToken).digest()
    const claims = {
      iss: `${origin}/${at}`,
      aud: 'client-1',
      sub: person,
      sid: sids.get(person),
      iat: now(),
      exp: now() + 300,
      at_hash: digest.subarray(0, 16).toString('base64url'),
      ...(!isRefresh && { nonce }),
      ...plan.claims,
    }
    const idToken =
      plan.forgery === undefined
        ? await signer.sign(claims)
        : await signer.forge(plan.forgery, claims)
    // A person's own browser takes it to the provider's logout page: only those of others are secret.
    if (person.startsWith('honest-')) secrets.add(idToken)
    return idToken
  }

  async function issue(login: Login, form: URLSearchParams): Promise<Script> {
    const verifier = form.get('code_verifier')
    const isRefresh = verifier === null
    const hostile = isRefresh ? login.plan.refresh : login.plan.token
    // What a hostile answer calls a token may be text elsewhere in it, which may be shown.
    const named = hostile === undefined ? markedToken : givenToken
    const [access, refresh] = [named('access'), named('refresh')]
    tokens.set(access, login).set(refresh, login)
    const idToken = await idTokenOf(login, access, isRefresh)
    if (hostile === undefined) {
      return json({
        access_token: access,
        refresh_token: refresh,
        token_type: 'Bearer',
        expires_in: login.plan.lifetimeSeconds ?? 3600,
        ...((login.at === 'auth' || login.at === 'wild') && { id_token: idToken }),
      })
    }
    const { code, state, person } = login
    // A server can quote only what it was sent.
    const secret = form.get('client_secret') ?? form.get('client_assertion') ?? 'none'
    const values = { access, refresh, idToken, code, state, person, secret, other: 'other', x: 'x' }
    const filling = { ...values, verifier: verifier ?? 'none' }
    for (const token of tokensNamedIn(hostile, filling)) {
      if (token === access || token === refresh) secrets.add(token)
    }
    return send(hostile, filling)
  }

  async function answerToken(request: RecordedRequest): Promise<Script> {
    const form = new URLSearchParams(request.body)
    const verifier = form.get('code_verifier')
    for (const name of ['code_verifier', 'client_assertion']) {
      for (const secret of form.getAll(name)) secrets.add(secret)
    }
    const code = form.get('code') ?? ''
    const login = codes.get(code) ?? tokens.get(form.get('refresh_token') ?? '')
    codes.delete(code)
    const isGood = verifier === null || login?.challenge === challengeOf(verifier)
    if (login !== undefined && isGood) return issue(login, form)
    // As servers do that explain themselves with all they have.
    return json({ error: 'invalid_grant', error_description: `got ${request.body}` }, 400)
  }

  function answerOf(request: RecordedRequest): Script | Promise<Script> {
    const [, at = '', endpoint = ''] = request.path.split('/')
    const bearer = /^(?:Bearer|DPoP) (.*)/.exec(request.headers.authorization ?? '')?.[1]
    const login = tokens.get(bearer ?? new URLSearchParams(request.body).get('token') ?? '')
    const person = login?.person ?? 'nobody'
    const ours = (hostile: HostileAnswer | undefined, honest: Script): Script =>
      hostile === undefined ? honest : send(hostile, { person, issuer: `${origin}/${at}`, ...KEYS })
    switch (endpoint) {
      case 'token':
        return answerToken(request)
      case 'me':
        return ours(login?.plan.profile, json({ sub: person, name: person }))
      case 'revoke':
        return ours(login?.plan.revoke, json({}))
      case 'api':
        return ours(login?.plan.api, json({ person }))
      case 'jwks':
        return ours(published.get(at), publicKeys)
      case '.well-known':
        return ours(published.get(at), json({}, 404))
      default:
        return json({}, 404)
    }
  }
  const KEYS = { jwk: JSON.stringify(signer.jwk) }

  const server = createServer((request, response) => {
    void bodyOf(request)
      .then((body) => answerOf(recorded(request, body)))
      .then((script) => script(recorded(request, ''), response))
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    origin,
    signer,
    authorize(url, person, plan) {
      const { pathname, searchParams } = new URL(url)
      const state = searchParams.get('state') ?? ''
      const code = `code-${randomBytes(12).toString('base64url')}`
      sids.set(person, `sid-${code}`)
      codes.set(code, {
        person,
        plan,
        state,
        code,
        at: pathname.split('/')[1] ?? '',
        challenge: searchParams.get('code_challenge') ?? '',
        nonce: searchParams.get('nonce'),
      })
      const callback = new URL(searchParams.get('redirect_uri') ?? '')
      callback.search = String(new URLSearchParams({ state, code }))
      return { state, code, callback: callback.href }
    },
    logoutClaims: (person) => ({
      iss: `${origin}/auth`,
      aud: 'client-1',
      iat: now(),
      exp: now() + 120,
      jti: randomBytes(9).toString('base64url'),
      sub: person,
      sid: sids.get(person),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    }),
    publish(answer) {
      issued += 1
      published.set(`issuer-${issued}`, answer)
      return `issuer-${issued}`
    },
    close: () => stop(server),
  }
}

/** A token of a hostile answer: long enough for a secret without a marker. */
function givenToken(kind: string): string {
  return `given-${kind}-${randomBytes(30).toString('base64url')}`
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

function recorded(request: IncomingMessage, body: string): RecordedRequest {
  const { pathname: path, search: query } = new URL(request.url ?? '/', 'http://localhost')
  return { method: request.method ?? '', path, query, headers: request.headers, body }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk as string
  return body
}
