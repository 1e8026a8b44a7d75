import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach } from '@jest/globals'
import { generateKeyPair, importJWK } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { REPOSITORY } from './repository.js'

// RSA keys take long to make, so they are made once and kept. A test gets different ones from each call, and
// the next test gets the same ones again; keys that are taken outside a test are never given to one.

const FOLDER = join(REPOSITORY, 'node_modules', '.cache', 'test-keys')

let taken = 0
let takenOutsideTests: number | undefined
beforeEach(() => {
  takenOutsideTests ??= taken
  taken = takenOutsideTests
})

/** An RSA key pair of 2048 bits, for Node.js. */
export function takeRsaKeyPair(): {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
} {
  const privateKey = createPrivateKey({ key: nextRsaKey(), format: 'jwk' })
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

/** A key pair for a JWS algorithm, for Web Crypto. It can be exported. */
export async function takeKeyPair(
  algorithm: string,
): Promise<{ readonly privateKey: CryptoKey; readonly publicKey: CryptoKey }> {
  if (!/^[RP]S/.test(algorithm)) return generateKeyPair(algorithm, { extractable: true })
  const jwk = nextRsaKey()
  const { kty = '', n = '', e = '' } = jwk
  const [privateKey, publicKey] = await Promise.all(
    [jwk, { kty, n, e }].map((one) => importJWK(one, algorithm, { extractable: true })),
  )
  return { privateKey: privateKey as CryptoKey, publicKey: publicKey as CryptoKey }
}

const known: JWK[] = []

function nextRsaKey(): JWK {
  const at = taken++
  return (known[at] ??= readKey(join(FOLDER, `rsa-${at}.json`)))
}

function readKey(file: string): JWK {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JWK
  } catch {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = privateKey.export({ format: 'jwk' })
    mkdirSync(FOLDER, { recursive: true })
    // Other workers see the whole file or none.
    const draft = `${file}.${process.pid}`
    writeFileSync(draft, JSON.stringify(jwk))
    renameSync(draft, file)
    return jwk
  }
}
