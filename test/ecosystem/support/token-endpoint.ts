import type { ProviderAnswer } from './provider.js'

/** A token endpoint that answers a code and a refresh token in this way. */
export function codeOrRefresh(code: object, refreshed: object): ProviderAnswer {
  return ({ form }) => (form.get('grant_type') === 'refresh_token' ? refreshed : code)
}
