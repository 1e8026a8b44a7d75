import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  InvalidGrantError,
  InvalidTokenError,
} from '@modelcontextprotocol/sdk/server/auth/errors.js'

/** How long a refresh takes, in milliseconds: whoever asks meanwhile would send a second one if they did not wait. */
const REFRESH_MS = 300

/**
 * What an MCP server of the official SDK needs to be its own authorization server: clients register themselves, everybody
 * allows what they are asked, and refresh tokens work once. It lives on while the server is restarted, as in a database.
 */
export class Authorization {
  accessTokenSeconds = 3600
  /** What was exchanged for tokens, in this order: codes and refresh tokens, each with its resource. */
  exchanges = []
  /** Refresh tokens that came a second time. */
  reused = []
  /** Access tokens that were refused. */
  refused = []
  /** The tokens that were revoked, by their kinds. */
  revoked = []
  clients = new Map()
  #newestExpiresAt = 0
  #codes = new Map()
  #accessTokens = new Map()
  #refreshTokens = new Map()

  /** Makes all access tokens useless, before their time. */
  expireAccessTokens() {
    this.#accessTokens.clear()
  }

  /** Resolves when the time of the newest access token is over. */
  async tokensExpired() {
    while (Date.now() < this.#newestExpiresAt) await sleep(this.#newestExpiresAt - Date.now())
  }

  get clientsStore() {
    return {
      getClient: (id) => this.clients.get(id),
      registerClient: (client) => {
        this.clients.set(client.client_id, client)
        return client
      },
    }
  }

  async authorize(client, { state, scopes, redirectUri, codeChallenge, resource }, res) {
    const code = randomUUID()
    const grant = { clientId: client.client_id, scopes, resource }
    this.#codes.set(code, { grant, redirectUri, codeChallenge })
    res.redirect(`${redirectUri}?${new URLSearchParams({ code, state })}`)
  }

  async challengeForAuthorizationCode(_client, code) {
    if (!this.#codes.has(code)) throw new InvalidGrantError('The code is unknown')
    return this.#codes.get(code).codeChallenge
  }

  async exchangeAuthorizationCode(_client, code, _verifier, redirectUri, resource) {
    const { grant, redirectUri: started } = this.#codes.get(code)
    this.#codes.delete(code)
    this.exchanges.push({ kind: 'code', resource: resource?.href })
    if (redirectUri !== started || resource?.href !== grant.resource?.href) {
      throw new InvalidGrantError('The code was made for something else')
    }
    return this.#tokensFor(grant)
  }

  async exchangeRefreshToken(_client, refreshToken, _scopes, resource) {
    const known = this.#refreshTokens.get(refreshToken)
    if (known === undefined) throw new InvalidGrantError('The refresh token is unknown')
    this.exchanges.push({ kind: 'refresh', resource: resource?.href })
    if (known.isUsed) {
      this.reused.push(refreshToken)
      throw new InvalidGrantError('The refresh token was used before')
    }
    known.isUsed = true
    await sleep(REFRESH_MS)
    // Without a resource, the tokens are for none.
    return this.#tokensFor({ ...known.grant, resource })
  }

  async verifyAccessToken(token) {
    const known = this.#accessTokens.get(token)
    if (known === undefined || known.expiresAt < Date.now() / 1000) {
      this.refused.push(token)
      throw new InvalidTokenError('The token has expired')
    }
    return { token, ...known.grant, expiresAt: known.expiresAt }
  }

  async revokeToken({ client_id: clientId }, { token }) {
    for (const [kind, tokens] of [
      ['access', this.#accessTokens],
      ['refresh', this.#refreshTokens],
    ]) {
      if (tokens.get(token)?.grant.clientId !== clientId) continue
      tokens.delete(token)
      this.revoked.push(kind)
    }
  }

  #tokensFor(grant) {
    const tokens = { access: randomUUID(), refresh: randomUUID() }
    const expiresAt = Date.now() / 1000 + this.accessTokenSeconds
    this.#newestExpiresAt = expiresAt * 1_000
    this.#accessTokens.set(tokens.access, { grant, expiresAt })
    this.#refreshTokens.set(tokens.refresh, { grant, isUsed: false })
    return {
      access_token: tokens.access,
      refresh_token: tokens.refresh,
      token_type: 'bearer',
      expires_in: this.accessTokenSeconds,
      scope: grant.scopes.join(' '),
    }
  }
}
