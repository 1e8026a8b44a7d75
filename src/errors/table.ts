import type { ErrorEntry, ErrorPage } from './error-entry.js'
import { LOGIN_ERRORS } from './table-login.js'
import { SERVER_ERRORS } from './table-server.js'

/**
 * Every error of this library, by its code: class, status, cause, fix, and the text for the person at the browser.
 * To add an error, add an entry to one of the two tables and a class with its code, and run the tests: they say
 * what is missing.
 */
export const ERRORS = { ...LOGIN_ERRORS, ...SERVER_ERRORS }

/** The literal `code` of every error of this library. */
export type ErrorCode = keyof typeof ERRORS

/** Whether a text is one of our error codes. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

/** What the page says to the person at the browser. `undefined` if the error is not for them. */
export function pageOf(code: string): ErrorPage | undefined {
  const entry: ErrorEntry | undefined = isErrorCode(code) ? ERRORS[code] : undefined
  return entry?.page
}
