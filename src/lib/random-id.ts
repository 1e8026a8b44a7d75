import { randomBytes } from 'node:crypto'

/** A random id: 128 bits in Base64url. */
export function randomId(): string {
  return randomBytes(16).toString('base64url')
}
