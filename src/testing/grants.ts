import { randomBytes } from 'node:crypto'

/** What a person has granted, once: all tokens that come of it live and end together. */
export interface TestGrant {
  readonly user: Readonly<Record<string, unknown>>
  readonly scope: string
  readonly nonce: string | undefined
  isAlive: boolean
}

/** A code that was given out. */
export interface TestCode {
  readonly grant: TestGrant
  readonly redirectUri: string | undefined
  /** S256, if there was one. */
  readonly codeChallenge: string | undefined
}

/** The codes and tokens of a test provider, and whom they belong to. */
export interface TestGrants {
  /** Gives out a code. */
  addCode(code: TestCode): string
  /** What belongs to a code, which works once: the second time ends the grant. */
  takeCode(code: string): TestCode | undefined
  /** Gives out an access token. */
  addAccessToken(grant: TestGrant, expiresAt: number): string
  /** Whose access token this is, if it is valid. */
  grantOfAccessToken(token: string, now: number): TestGrant | undefined
  /** Gives out a refresh token. */
  addRefreshToken(grant: TestGrant): string
  /**
   * Whose refresh token this is, if it is valid. With `once` it is used up, and coming again ends the grant.
   *
   * @see [RFC 9700, section 4.14.2 - Refresh Token Protection: Recommendations](https://www.rfc-editor.org/rfc/rfc9700.html#section-4.14.2)
   */
  grantOfRefreshToken(token: string, once: boolean): TestGrant | undefined
  /** The refresh tokens that came again after they were used up, oldest first. */
  readonly reused: readonly string[]
  /** Takes a token back; a refresh token takes its grant with it. */
  revoke(token: string): void
  /** No access token given out so far works any more. */
  expireAccessTokens(): void
  /** No grant given so far is worth anything any more. */
  endAll(): void
  /** Forgets everything. */
  clear(): void
}

/** Keeps grants in memory. */
export function createTestGrants(): TestGrants {
  const grants = new Set<TestGrant>()
  const codes = new Map<string, { readonly code: TestCode; isUsed: boolean }>()
  const accessTokens = new Map<string, { readonly grant: TestGrant; readonly expiresAt: number }>()
  const refreshTokens = new Map<string, { readonly grant: TestGrant; isUsed: boolean }>()
  const reused: string[] = []

  return {
    reused,

    addCode(code) {
      const name = `code-${randomText()}`
      grants.add(code.grant)
      codes.set(name, { code, isUsed: false })
      return name
    },

    takeCode(name) {
      const found = codes.get(name)
      if (found === undefined) return undefined
      if (found.isUsed) found.code.grant.isAlive = false
      found.isUsed = true
      return found.code.grant.isAlive ? found.code : undefined
    },

    addAccessToken(grant, expiresAt) {
      const token = `access-token-${randomText()}`
      accessTokens.set(token, { grant, expiresAt })
      return token
    },

    grantOfAccessToken(token, now) {
      const found = accessTokens.get(token)
      return found?.grant.isAlive && now < found.expiresAt ? found.grant : undefined
    },

    addRefreshToken(grant) {
      const token = `refresh-token-${randomText()}`
      refreshTokens.set(token, { grant, isUsed: false })
      return token
    },

    grantOfRefreshToken(token, once) {
      const found = refreshTokens.get(token)
      if (found === undefined) return undefined
      if (found.isUsed) {
        reused.push(token)
        found.grant.isAlive = false
      }
      found.isUsed = once
      return found.grant.isAlive ? found.grant : undefined
    },

    revoke(token) {
      const refreshed = refreshTokens.get(token)
      if (refreshed !== undefined) refreshed.grant.isAlive = false
      accessTokens.delete(token)
    },

    expireAccessTokens: () => accessTokens.clear(),

    endAll() {
      for (const grant of grants) grant.isAlive = false
    },

    clear() {
      for (const memory of [grants, codes, accessTokens, refreshTokens]) memory.clear()
      reused.length = 0
    },
  }
}

function randomText(): string {
  return randomBytes(16).toString('base64url')
}
