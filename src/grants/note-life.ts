import { ACCOUNT_LIFE_MS } from './account-grant-id.js'

/** How long a note lives that is not written again, in **milliseconds**: longer than the grants that it belongs to. */
export const NOTE_LIFE_MS = 2 * ACCOUNT_LIFE_MS
