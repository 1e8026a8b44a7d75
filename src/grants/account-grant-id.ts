import { shortDigest } from '../lib/short-digest.js'

/** How long a grant that survives logging out lives without being used, in **milliseconds**: a year. */
export const ACCOUNT_LIFE_MS = 365 * 24 * 60 * 60 * 1000

/** The id of the one grant of a person at one account of theirs at the provider. */
export function accountGrantId(strategy: string, account: string, subject: string): string {
  const text = JSON.stringify([strategy, account, subject])
  return shortDigest(text)
}
