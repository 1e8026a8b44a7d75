import { randomBytes } from 'node:crypto'

/** One login at the provider: a family of tokens, of which reuse revokes all. */
export interface Grant {
  readonly id: string
  readonly person: string
  readonly createdAt: number
  readonly refreshTokens: RefreshToken[]
  revokedAt?: number
}

/** A refresh token and everybody who has ever presented it. */
export interface RefreshToken {
  readonly grant: Grant
  /** The name of the access token that came with it. */
  readonly cameWith: string
  readonly uses: RefreshTokenUse[]
}

/** A refresh that the provider has carried out or refused. Those it failed before looking at are none. */
export interface RefreshTokenUse {
  /** The process that asked. */
  readonly process: string
  /** When the provider looked at it, in milliseconds since the epoch. */
  readonly at: number
  /** When the answer was handed to the network; `undefined` as long as it was not. */
  answeredAt?: number
  /** Whether the network lost the answer. */
  isAnswerLost: boolean
  /** What it was answered; `undefined` for a refusal. */
  readonly accessToken?: AccessToken
}

/** An access token and the processes that have shown it to the API. */
export interface AccessToken {
  readonly name: string
  readonly grant: Grant
  readonly expiresAt: number
  readonly shownBy: Set<string>
}

/** An HTTP answer. */
export type Answer = readonly [
  status: number,
  body: object,
  headers?: Readonly<Record<string, string>>,
]

/** What a refresh was answered, and the note of it. */
export interface Refreshed {
  readonly answer: Answer
  readonly use?: RefreshTokenUse
}

/** Everything the provider knows. */
export type TokenBook = ReturnType<typeof createTokenBook>

/** The provider's books. Nothing here awaits, so that each step happens at once. */
export function createTokenBook(accessTokenSeconds: number) {
  const grants = new Map<string, Grant>()
  const refreshTokens = new Map<string, RefreshToken>()
  const accessTokens = new Map<string, AccessToken>()
  const codes = new Map<string, { readonly person: string; sent: number }>()
  const counts = { tokenRequests: 0, refreshes: 0, reusedCodes: 0 }

  function issue(grant: Grant): { answer: Answer; accessToken: AccessToken } {
    const expiresAt = Date.now() + accessTokenSeconds * 1000
    const name = newToken('access', grant.person)
    const refreshToken: RefreshToken = { grant, cameWith: name, uses: [] }
    const accessToken: AccessToken = { name, grant, expiresAt, shownBy: new Set() }
    const body = {
      access_token: name,
      refresh_token: newToken('refresh', grant.person),
      token_type: 'Bearer',
      expires_in: accessTokenSeconds,
    }
    accessTokens.set(name, accessToken)
    refreshTokens.set(body.refresh_token, refreshToken)
    grant.refreshTokens.push(refreshToken)
    return { answer: [200, body], accessToken }
  }

  return {
    grants,
    counts,

    issueCode(person: string): string {
      const code = newToken('code', person)
      codes.set(code, { person, sent: 0 })
      return code
    },

    /** A code may be sent once, whatever becomes of that request. */
    noteCode(code: string): void {
      const known = codes.get(code)
      if (known !== undefined && ++known.sent > 1) counts.reusedCodes++
    },

    exchange(code: string): Answer {
      const known = codes.get(code)
      if (known === undefined || known.sent > 1) return INVALID_GRANT
      const { person } = known
      const id = newToken('grant', person)
      const grant: Grant = { id, person, createdAt: Date.now(), refreshTokens: [] }
      grants.set(id, grant)
      return issue(grant).answer
    },

    /** The second use of a refresh token is taken for theft. */
    refresh(name: string, process: string): Refreshed {
      const token = refreshTokens.get(name)
      if (token === undefined) return { answer: INVALID_GRANT }
      const use = { process, at: Date.now(), isAnswerLost: false }
      if (token.uses.length > 0) token.grant.revokedAt ??= Date.now()
      if (token.grant.revokedAt !== undefined) {
        token.uses.push(use)
        return { answer: INVALID_GRANT, use }
      }
      counts.refreshes++
      const { answer, accessToken } = issue(token.grant)
      const carriedOut = { ...use, accessToken }
      token.uses.push(carriedOut)
      return { answer, use: carriedOut }
    },

    present(name: string, process: string): Answer {
      const token = accessTokens.get(name)
      const isValid = token && token.grant.revokedAt === undefined && Date.now() < token.expiresAt
      if (!isValid) return [401, {}, { 'www-authenticate': 'Bearer error="invalid_token"' }]
      token.shownBy.add(process)
      return [200, { sub: token.grant.person, grant: token.grant.id }]
    },
  }
}

const INVALID_GRANT: Answer = [400, { error: 'invalid_grant' }]

function newToken(kind: string, name: string): string {
  return `${kind}~${name}.${randomBytes(16).toString('base64url')}`
}
