import { compactVerify, createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JSONWebKeySet, JWK, JWTPayload } from 'jose'

/** The keys that a test provider signs with. */
export interface TestSigningKeys {
  /** The algorithm of all signatures. */
  readonly algorithm: string
  /** The public keys, as the provider publishes them. */
  readonly jwks: JSONWebKeySet
  /**
   * Signs a JWT with the newest key.
   *
   * @param typ the `typ` of its header
   */
  sign(claims: JWTPayload, typ?: string): Promise<string>
  /**
   * The claims of a JWT that the provider has signed at any time; `undefined` if it has not. Whether it has expired does
   * not matter: an `id_token_hint` usually has.
   */
  read(jwt: string): Promise<JWTPayload | undefined>
  /**
   * Makes a new key, and signs with it from then on.
   *
   * @param dropOld whether the keys before are not published any more
   */
  rotate(dropOld: boolean): Promise<void>
  /** Goes back to the first key. */
  reset(): void
}

/** A key with its name. */
interface SigningKey {
  readonly privateKey: CryptoKey
  readonly jwk: JWK & { readonly kid: string }
}

const ALGORITHM = 'PS256'

/** Generates the first key, so that each test provider signs with another one. */
export async function createTestSigningKeys(): Promise<TestSigningKeys> {
  const first = await generate(1)
  // Names are not used twice, also after a reset, because applications remember keys by their name.
  const made = [first]
  let published = [first]
  let newest = first

  return {
    algorithm: ALGORITHM,

    get jwks() {
      return { keys: published.map(({ jwk }) => jwk) }
    },

    sign(claims, typ) {
      const header = { alg: ALGORITHM, kid: newest.jwk.kid, ...(typ !== undefined && { typ }) }
      return new SignJWT(claims).setProtectedHeader(header).sign(newest.privateKey)
    },

    async read(jwt) {
      const keys = createLocalJWKSet({ keys: made.map(({ jwk }) => jwk) })
      const verified = await compactVerify(jwt, keys).catch(() => undefined)
      if (verified === undefined) return undefined
      return JSON.parse(new TextDecoder().decode(verified.payload)) as JWTPayload
    },

    async rotate(dropOld) {
      newest = await generate(made.length + 1)
      made.push(newest)
      published = dropOld ? [newest] : [newest, ...published]
    },

    reset() {
      newest = first
      published = [first]
    },
  }
}

async function generate(number: number): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM)
  const kid = `test-key-${number}`
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), alg: ALGORITHM, kid, use: 'sig' } }
}
