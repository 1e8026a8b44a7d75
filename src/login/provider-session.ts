import type { IdTokenClaims } from '../endpoints/id-token.js'
import type { StrategyData } from '../session/strategy-data.js'

/**
 * What a session remembers of the person's session at the provider, for logging out there when the grant has ended and its
 * ID token is gone. It has no tokens.
 */
export interface ProviderSession {
  /** The name of the session at the provider: the claim `sid` of the ID token. */
  readonly sid?: string | undefined
  /** By what the provider recognizes the person: the claim `login_hint` of the ID token, which Microsoft Entra has. */
  readonly loginHint?: string | undefined
}

/** Who logs out, as far as it is known, and where they want to go. */
export interface EndedAtProvider extends ProviderSession {
  readonly idToken: string | undefined
  /** A path of this origin. */
  readonly returnTo: string | undefined
}

/** The field of the strategy's data in a session. */
const FIELD = 'atProvider'

/** The longest text that is remembered, in characters: it is in every session. */
const MAXIMUM_LENGTH = 256

/** The strategy's data in a session after a login with this ID token. */
export function withProviderSession(
  data: StrategyData,
  claims: IdTokenClaims | undefined,
): StrategyData {
  const session: ProviderSession = {
    sid: shortText(claims?.['sid']),
    loginHint: shortText(claims?.['login_hint']),
  }
  return { ...data, [FIELD]: session }
}

/** What the data of a session say; `undefined` if nobody has logged in to it by this strategy. */
export function providerSessionOf(data: StrategyData): ProviderSession | undefined {
  const value = data[FIELD]
  if (typeof value !== 'object' || value === null) return undefined
  const { sid, loginHint } = value as Readonly<Record<keyof ProviderSession, unknown>>
  return { sid: shortText(sid), loginHint: shortText(loginHint) }
}

function shortText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAXIMUM_LENGTH
    ? value
    : undefined
}
