import { hash } from 'node:crypto'

/** Identifies a text that may be secret or long: 132 bits of its SHA-256 in Base64url, 22 characters. */
export function shortDigest(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22)
}
