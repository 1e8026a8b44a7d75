import type { ClientSecret } from '../options/client-credentials.js'
import type { SignatureAlgorithm } from '../options/signature-algorithms.js'

/** The provider that signs the JWTs, its keys, and the client that they are for. */
export interface ProviderJwtSettings {
  readonly issuer?: string | undefined
  readonly clientID: string
  /** Signs the JWTs, if `providerSignatureAlgorithms` has an HMAC. */
  readonly clientSecret?: ClientSecret | undefined
  /** What they may be signed with. @default all of {@link PUBLIC_KEY_ALGORITHMS} */
  readonly providerSignatureAlgorithms?: readonly SignatureAlgorithm[] | undefined
  readonly clockToleranceSeconds: number
}
