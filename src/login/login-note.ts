import { hash } from 'node:crypto'
import type { MissingFromLogin } from '../errors/step-up-errors.js'

/** What a login has been asked for in addition to the one before it. */
export type Asked = MissingFromLogin

/** What a session knows of its login, besides the tokens. It is in the session in clear. */
export interface LoginNote {
  /** Identifies the person at the provider: a hash of their id there. Left out if the provider names nobody. */
  readonly person?: string | undefined
  /** The `acr` of the ID token. */
  readonly acr?: string | undefined
  /** The `auth_time` of the ID token, in **milliseconds since the epoch**. */
  readonly authenticatedAt?: number | undefined
  /** The scope that was asked for, if the provider did not say which it has granted. */
  readonly scope?: string | undefined
  /** What the login was to add, and when it came back, in **milliseconds since the epoch**. */
  readonly asked?: (Asked & { readonly at: number }) | undefined
}

/** Identifies a person by their id at the provider. */
export function personOf(subject: string | undefined): string | undefined {
  return subject === undefined ? undefined : hash('sha256', subject, 'base64url').slice(0, 22)
}
