import type { NotedEnd } from '../grants/grant-index.js'

/**
 * Ends one login that the provider has ended, in its grant and in its session. Resolves to the names under which it is
 * not to be listed any more; to `undefined` if it is newer than the logout, and lives on.
 *
 * @throws {StorageError} if the store of grants or the session store fails: it may have ended by half, and is to be
 *   ended again
 */
export type EndLogin = (
  id: string,
  ended: NotedEnd,
  sessionStore: object,
) => Promise<readonly string[] | undefined>

/** After how long a provider's logout is answered, in **milliseconds**. oidc-provider waits for 2.5 seconds, Keycloak for 5. */
export const ANSWERED_AFTER_MS = 2_000
