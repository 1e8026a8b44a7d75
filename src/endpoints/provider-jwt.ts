import type { JWTPayload } from 'jose'
import { once } from '../lib/once.js'
import type { ExpectedJwt, VerifyProviderJwt } from './expected-jwt.js'
import type { ProviderJwtSettings } from './provider-jwt-settings.js'
import type { ProviderKeys } from './provider-keys.js'

/** jose is loaded with it. */
const loadVerification = once(() => import('./verify-provider-jwt.js'))

/**
 * Creates {@link VerifyProviderJwt}; `undefined` without an issuer, because then no JWT can be verified.
 *
 * @param keys those at `jwksURL`
 */
export function createProviderJwtVerifier(
  settings: ProviderJwtSettings,
  keys: ProviderKeys | undefined,
): VerifyProviderJwt | undefined {
  const { issuer } = settings
  if (issuer === undefined) return undefined
  const ofIssuer = { ...settings, issuer }
  const verify = async (jwt: string, expected: ExpectedJwt): Promise<JWTPayload> => {
    const { verifyProviderJwt } = await loadVerification()
    return verifyProviderJwt(jwt, expected, ofIssuer, keys)
  }
  return Object.assign(verify, { prepare: loadVerification })
}
