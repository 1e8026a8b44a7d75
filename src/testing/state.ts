import type { TestClient } from './client.js'
import type { TestClock } from './clock.js'
import type { TestGrants } from './grants.js'
import type { TestIssueTimes } from './issue-times.js'
import type { RegisteredAddresses } from './provider-options.js'
import type { TestSessions } from './sessions.js'
import type { TestSigningKeys } from './signing-keys.js'
import type { TestSettings } from './settings.js'

/** The state of a test provider, which all its endpoints share. */
export interface TestProviderState {
  /** The address of the provider, which is its issuer identifier. */
  readonly issuer: string
  /** The only client that is registered. */
  readonly client: TestClient
  /** Its registered addresses. */
  registered: RegisteredAddresses
  /** What time it is at the provider. */
  readonly clock: TestClock
  /** When ID tokens and logout tokens are issued. */
  readonly issueTimes: TestIssueTimes
  /** The codes and tokens issued so far. */
  readonly grants: TestGrants
  /** Sign ID tokens and logout tokens. */
  readonly keys: TestSigningKeys
  /** Who is logged in at the provider. */
  readonly sessions: TestSessions
  /** What happens to refresh tokens; see the option of the same name. */
  readonly refreshTokens: 'rotate' | 'keep' | 'none'
  /** What a test can set at any time. */
  readonly settings: TestSettings
}
