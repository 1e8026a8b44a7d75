import { randomBytes } from 'node:crypto'

/** What every secret begins with that the soak itself makes, so that it is recognised wherever it occurs. */
export const MARKER = 'SECRET-'

/** The secrets of the application. */
export const APP_SECRETS = {
  client: `${MARKER}of-the-client`,
  session: `${MARKER}of-the-sessions`,
  tokens: `${MARKER}of-the-tokens-with-32-characters`,
  inspector: `${MARKER}that-opens-the-flow-inspector`,
} as const

/** How many secrets without a marker are remembered: those of some minutes. */
const REMEMBERED = 20_000

/** A token that is recognised. */
export function markedToken(kind: string): string {
  return `${MARKER}${kind}-${randomBytes(12).toString('base64url')}`
}

/** Everything that no stranger may be shown. */
export interface Secrets {
  /** Remembers one that cannot have the marker: a PKCE verifier, an ID token, the private key. */
  add(secret: string): void
  /** The secrets in a text. */
  foundIn(text: string): readonly string[]
}

/** Creates an empty collection. */
export function createSecrets(): Secrets {
  const known = new Set<string>()
  return {
    add(secret) {
      known.add(secret)
      if (known.size > REMEMBERED) known.delete(known.values().next().value ?? '')
    },
    foundIn(text) {
      const marked = text.match(/SECRET-[\w-]+/g) ?? []
      // Verifiers, and the parts of JWTs and keys, are at least as long.
      const others = (text.match(/[\w-]{43,}(?:\.[\w-]{20,}\.[\w-]{20,})?/g) ?? []).filter((one) =>
        known.has(one),
      )
      return [...marked, ...others]
    },
  }
}
