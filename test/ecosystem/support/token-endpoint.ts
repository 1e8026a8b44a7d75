import type { ProviderAnswer, ProviderRequest } from './provider.js'

type Answer = object | ((request: ProviderRequest) => object)

/** A token endpoint that answers a code and a refresh token in this way. */
export function codeOrRefresh(code: Answer, refreshed: Answer): ProviderAnswer {
  return (request) => {
    const answer = request.form.get('grant_type') === 'refresh_token' ? refreshed : code
    return typeof answer === 'function'
      ? (answer as (given: ProviderRequest) => object)(request)
      : answer
  }
}

/** An ID token that is not signed: that it comes from the token endpoint says who has issued it. */
export function idToken(claims: object): string {
  const now = Math.floor(Date.now() / 1000)
  const parts = [{ alg: 'RS256' }, { iat: now, exp: now + 3600 * 36, ...claims }, {}]
  return parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
}
