import { randomId } from '../lib/random-id.js'

/** What a person has granted in one login. All its tokens become invalid with it. */
export interface TestGrant {
  /** The person, as the profile and the ID token show them. */
  readonly user: Readonly<Record<string, unknown>>
  /** The granted scope; empty if none was asked for. */
  readonly scope: string
  /** The APIs that the authorization request has named (`resource`); any if it has named none. */
  readonly resources: readonly string[]
  /** The `nonce` of the authorization request, which the ID token repeats. */
  readonly nonce: string | undefined
  /** The session at the provider. */
  readonly sid: string
  /** What ID tokens say about how the person was authenticated. */
  readonly authentication: Readonly<Record<'acr' | 'auth_time', unknown>>
  /** Becomes `false` if the grant ends. */
  isAlive: boolean
}

/** What an authorization code was issued for. */
export interface TestCode {
  /** The grant that the code is exchanged for. */
  readonly grant: TestGrant
  /**
   * The `redirect_uri` of the authorization request. A token request must name the same one, if it names any.
   */
  readonly redirectUri: string | undefined
  /** The code challenge (S256); `undefined` if the client does not use PKCE. */
  readonly codeChallenge: string | undefined
}

/** What an access token was issued for. */
export interface IssuedAccessToken {
  readonly grant: TestGrant
  /** The scope of this token, which may be less than that of the grant; empty if there is none. */
  readonly scope: string
  /** The APIs that the token is for; empty if none was named. */
  readonly resources: readonly string[]
  /** In **milliseconds since the epoch**. */
  readonly expiresAt: number
}

/** The codes and tokens of a test provider, each with its grant. Points in time are **milliseconds since the epoch**. */
export interface TestGrants {
  /** Issues a code. It works for 10 minutes. */
  addCode(code: TestCode, now: number): string
  /**
   * What a code was issued for; `undefined` if it is not valid. A code works once: using it again ends the grant.
   *
   * @see [RFC 6749, section 4.1.2 - Authorization Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2)
   */
  takeCode(code: string, now: number): TestCode | undefined
  /** The grant that a code was issued for, without using it; `undefined` if it is unknown. */
  findCode(code: string): TestGrant | undefined
  /** Issues an access token. */
  addAccessToken(issued: IssuedAccessToken): string
  /** What an access token was issued for; `undefined` if the token is not valid. */
  findAccessToken(token: string, now: number): IssuedAccessToken | undefined
  /** Issues a refresh token. */
  addRefreshToken(grant: TestGrant): string
  /**
   * The grant of a refresh token; `undefined` if the token is not valid. With `once`, the token works once, and using
   * it again ends the grant.
   *
   * @see [RFC 9700, section 4.14.2 - Refresh Token Protection: Recommendations](https://www.rfc-editor.org/rfc/rfc9700.html#section-4.14.2)
   */
  grantOfRefreshToken(token: string, once: boolean): TestGrant | undefined
  /** The grant that a refresh token was issued for, without using it; `undefined` if it is unknown. */
  findRefreshToken(token: string): TestGrant | undefined
  /** The refresh tokens that were used again after they had stopped working, oldest first. */
  readonly reused: readonly string[]
  /** Revokes a token. Revoking a refresh token ends its grant. */
  revoke(token: string): void
  /** Makes all access tokens issued so far invalid. */
  expireAccessTokens(): void
  /** Ends all grants so far. */
  endAll(): void
  /** Deletes everything. */
  clear(): void
}

/** A code that was issued. */
interface IssuedCode {
  readonly code: TestCode
  readonly expiresAt: number
  isUsed: boolean
}

/** RFC 6749 recommends that codes live no longer. */
const CODE_LIFETIME_MS = 600_000

/** Creates an empty collection of grants, in memory. */
export function createTestGrants(): TestGrants {
  const grants = new Set<TestGrant>()
  const codes = new Map<string, IssuedCode>()
  const accessTokens = new Map<string, IssuedAccessToken>()
  const refreshTokens = new Map<string, { readonly grant: TestGrant; isUsed: boolean }>()
  const reused: string[] = []

  return {
    reused,

    addCode(code, now) {
      const name = `code-${randomId()}`
      grants.add(code.grant)
      codes.set(name, { code, expiresAt: now + CODE_LIFETIME_MS, isUsed: false })
      return name
    },

    takeCode(name, now) {
      const issued = codes.get(name)
      if (issued === undefined) return undefined
      if (issued.isUsed) issued.code.grant.isAlive = false
      issued.isUsed = true
      return issued.code.grant.isAlive && now < issued.expiresAt ? issued.code : undefined
    },

    findCode: (name) => codes.get(name)?.code.grant,

    addAccessToken(issued) {
      const token = `access-token-${randomId()}`
      accessTokens.set(token, issued)
      return token
    },

    findAccessToken(token, now) {
      const issued = accessTokens.get(token)
      return issued?.grant.isAlive && now < issued.expiresAt ? issued : undefined
    },

    addRefreshToken(grant) {
      const token = `refresh-token-${randomId()}`
      refreshTokens.set(token, { grant, isUsed: false })
      return token
    },

    grantOfRefreshToken(token, once) {
      const issued = refreshTokens.get(token)
      if (issued === undefined) return undefined
      if (issued.isUsed) {
        reused.push(token)
        issued.grant.isAlive = false
      }
      issued.isUsed = once
      return issued.grant.isAlive ? issued.grant : undefined
    },

    findRefreshToken: (token) => refreshTokens.get(token)?.grant,

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
