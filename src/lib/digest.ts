import { createHash } from 'node:crypto'

/** A name for something secret that says nothing about it: its SHA-256, base64url. */
export function digest(secret: string | Uint8Array): string {
  return createHash('sha256').update(secret).digest('base64url')
}
