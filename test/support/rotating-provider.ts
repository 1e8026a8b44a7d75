import { formOf } from './login.js'
import { json } from './scripted-provider.js'
import type { RecordedRequest, Script, ScriptedProvider } from './scripted-provider.js'

/** What a client asked to be revoked. */
export interface Revocation {
  readonly token: string
  readonly hint: string | null
}

/**
 * A provider's strictest kind of refresh tokens: each works once, and one that comes a second time ends
 * its whole family, as RFC 9700 section 4.14.2 says.
 */
export interface RotatingProvider {
  /** The refresh tokens that came a second time, oldest first. */
  readonly reused: readonly string[]
  /** What was asked to be revoked, oldest first. */
  readonly revocations: readonly Revocation[]
  /** Every token given out, oldest first. */
  readonly issued: readonly string[]
  readonly revocationURL: string
  /** A resource that takes living access tokens, and answers with the name of the person. */
  readonly resourceURL: string
  /** Changes the token responses from now on; a member that is `undefined` is left out. */
  response: Readonly<Record<string, unknown>>
  /** Runs after a refresh token was taken and before the answer is sent. */
  beforeAnswer: () => Promise<void>
  /** Runs before a revocation is answered. */
  beforeRevoked: () => Promise<void>
  /** Answers refreshes instead of the provider, which does not notice them; `undefined` ends that. */
  fault: Script | undefined
  /** From now on no resource takes the access tokens given out so far. */
  revokeAccessTokens(): void
  /** Ends all that a person has granted, as they can in their account. */
  endGrants(): void
}

interface Family {
  readonly person: string
  alive: boolean
}

interface Issued {
  readonly family: Family
  readonly expiresAt: number
  used: boolean
}

/** Makes a scripted provider rotate refresh tokens. `code-of-grace` logs Grace in, any other code Ada. */
export function rotateRefreshTokens(provider: ScriptedProvider): RotatingProvider {
  const families: Family[] = []
  const accessTokens = new Map<string, Issued>()
  const refreshTokens = new Map<string, Issued>()
  const reused: string[] = []
  const revocations: Revocation[] = []
  const issued: string[] = []
  let count = 0

  const rotating: RotatingProvider = {
    reused,
    revocations,
    issued,
    revocationURL: `${provider.origin}/revoke`,
    resourceURL: `${provider.origin}/resource`,
    response: {},
    beforeAnswer: () => Promise.resolve(),
    beforeRevoked: () => Promise.resolve(),
    fault: undefined,
    revokeAccessTokens: () => accessTokens.clear(),
    endGrants: () => families.forEach((family) => (family.alive = false)),
  }

  function issue(family: Family): Script {
    count += 1
    const response: Record<string, unknown> = {
      access_token: `access-token-${count}-of-${family.person}`,
      refresh_token: `refresh-token-${count}-of-${family.person}`,
      token_type: 'Bearer',
      expires_in: 3600,
      ...rotating.response,
    }
    const { access_token: accessToken, refresh_token: refreshToken } = response
    const seconds = response['expires_in']
    const expiresAt = typeof seconds === 'number' ? Date.now() + seconds * 1000 : Infinity
    accessTokens.set(String(accessToken), { family, expiresAt, used: false })
    issued.push(String(accessToken))
    if (typeof refreshToken === 'string') {
      refreshTokens.set(refreshToken, { family, expiresAt: Infinity, used: false })
      issued.push(refreshToken)
    }
    return json(response)
  }

  function refresh(refreshToken: string): Script {
    const record = refreshTokens.get(refreshToken)
    if (record?.used) {
      reused.push(refreshToken)
      record.family.alive = false
    }
    if (!record?.family.alive) return json({ error: 'invalid_grant' }, 400)
    const answer = issue(record.family)
    // Whoever gets no new refresh token may use the old one again.
    record.used = typeof answerOf(rotating, 'refresh_token') === 'string'
    return answer
  }

  function living(request: RecordedRequest): Issued | undefined {
    const token = (request.headers.authorization ?? '').replace('Bearer ', '')
    const record = accessTokens.get(token)
    return record?.family.alive && record.expiresAt > Date.now() ? record : undefined
  }

  provider.onToken((request, response) => {
    const form = formOf(request)
    if (form.get('grant_type') === 'authorization_code') {
      const person = /^code-of-(\w+)$/.exec(form.get('code') ?? '')?.[1] ?? 'ada'
      const family = { person, alive: true }
      families.push(family)
      issue(family)(request, response)
      return
    }
    if (rotating.fault !== undefined) {
      rotating.fault(request, response)
      return
    }
    const answer = refresh(form.get('refresh_token') ?? '')
    void rotating.beforeAnswer().then(() => answer(request, response))
  })

  provider.onProfile((request, response) => {
    const person = living(request)?.family.person
    const answer = person === undefined ? json({}, 401) : json({ sub: person, name: person })
    answer(request, response)
  })

  provider.on('/resource', (request, response) => {
    const record = living(request)
    const answer =
      record === undefined
        ? json({}, 401, { 'www-authenticate': 'Bearer error="invalid_token"' })
        : json({ person: record.family.person, body: request.body })
    answer(request, response)
  })

  provider.on('/revoke', (request, response) => {
    const form = formOf(request)
    const token = form.get('token') ?? ''
    revocations.push({ token, hint: form.get('token_type_hint') })
    const refreshed = refreshTokens.get(token)
    if (refreshed !== undefined) refreshed.family.alive = false
    accessTokens.delete(token)
    void rotating.beforeRevoked().then(() => response.end())
  })

  return rotating
}

/** Whether a token response has this member: one of its own, or the honest one. */
function answerOf({ response }: RotatingProvider, member: string): unknown {
  return Object.hasOwn(response, member) ? response[member] : 'honest'
}
