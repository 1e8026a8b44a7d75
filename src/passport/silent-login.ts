import type { Request, RequestHandler } from 'express'
import { ProviderError, StorageError } from '../errors/errors.js'
import { onlyLooks } from '../lib/only-looks.js'
import { sameOriginPath } from '../lib/same-origin-path.js'
import { mayAttempt, resumeAttempts } from '../login/silent-attempts.js'
import { readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf } from '../options/option-table.js'
import { positive } from '../options/readers.js'
import { asyncHandler } from './async-handler.js'
import { noteOnStrategies, readStrategySource, strategyOf } from './chosen-strategy.js'
import { isLoggedIn } from './login-checks.js'
import { isPageVisit } from './page-visit.js'
import { noteSilentLogin } from './strategy-marks.js'

/** The table of {@link SilentLoginOptions}. */
export const SILENT_LOGIN_OPTIONS = {
  /**
   * The strategy that people log in with, or a function that chooses it for each request. Where it chooses none, the page is
   * shown.
   */
  strategy: { read: readStrategySource, required: true },

  /** After an attempt, how long no further one is made in the same browser, in **seconds**. @default 300 (5 minutes) */
  retryAfterSeconds: { read: positive, default: 300 },
} as const satisfies OptionTable

/** The options of {@link silentLogin}. */
export type SilentLoginOptions = OptionsOf<typeof SILENT_LOGIN_OPTIONS>

/**
 * Logs people in without asking them, on pages that are for everybody: whoever is logged in at the provider already is then
 * logged in here as well, and everybody else sees the page as they would without it.
 *
 * A visit of a page by somebody who is not logged in goes to the provider with `prompt=none` and comes back, once in
 * `retryAfterSeconds`. A browser's very first visit does not: it only shows whether the browser keeps cookies. Scripts, forms,
 * frames, prefetches and crawlers are never sent there, and neither is a person who has logged out, until they log in again or
 * close the browser.
 *
 * If the provider or the session store fails, the page is shown all the same.
 *
 * @example
 * ```ts
 * import { silentLogin } from 'passport-authorization-code'
 *
 * app.get('/', silentLogin({ strategy }), (req, res) => {
 *   res.send(req.user ? 'Welcome back' : 'Welcome')
 * })
 * ```
 *
 * @throws {ConfigurationError} if an option is missing, unknown or cannot be used
 * @see [OpenID Connect Core, section 3.1.2.1 - Authentication Request](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)
 */
export function silentLogin(options: SilentLoginOptions): RequestHandler {
  const sample = 'silentLogin({ strategy })'
  const { strategy: source, retryAfterSeconds } = readTable(SILENT_LOGIN_OPTIONS, options, sample)
  noteOnStrategies(source, noteSilentLogin)
  return asyncHandler(async (req, res) => {
    const returnTo = sameOriginPath(req.originalUrl)
    if (returnTo === undefined || !isSeenVisit(req)) return 'next'
    try {
      const strategy = await strategyOf(source, req, 'strategy')
      if (strategy === undefined) return 'next'
      if (await isLoggedIn(req, undefined, 'silentLogin')) {
        resumeAttempts(req, strategy.name)
        return 'next'
      }
      if (!mayAttempt(req, strategy.name, retryAfterSeconds)) return 'next'
      await strategy.startLogin(req, res, { prompt: 'none', returnTo })
      return () => undefined
    } catch (error) {
      if (error instanceof ProviderError || error instanceof StorageError) return 'next'
      throw error
    }
  })
}

/** Whether a person visits a page in a window of their browser. */
function isSeenVisit(req: Request): boolean {
  const { 'sec-fetch-dest': destination = 'document' } = req.headers
  return req.method === 'GET' && isPageVisit(req) && destination === 'document' && !onlyLooks(req)
}
