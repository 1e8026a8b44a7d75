import type { Request, Response } from 'express'
import { AuthorizationCodeError } from '../errors/base.js'
import { LoginRequiredError } from '../errors/login-errors.js'
import { ConfigurationError } from '../errors/setup-errors.js'
import { StepUpRequiredError } from '../errors/step-up-errors.js'
import { isOver } from '../lib/is-over.js'
import { sameOriginPath } from '../lib/same-origin-path.js'
import type { Asked } from '../login/login-note.js'
import { isSilent, LOGIN_OPTIONS, START_LOGIN_SAMPLE } from '../login/login-options.js'
import type { StartLoginOptions } from '../login/login-options.js'
import type { StepUp } from '../login/step-up.js'
import { readTable } from '../options/option-table.js'
import { answerUnseen } from './answer-unseen.js'
import { UNCACHED } from './uncached.js'

/** What a login is started with: options, or the error of a request that needs one. */
export type GivenToStart = StartLoginOptions | LoginRequiredError | StepUpRequiredError

/** Starts a login, and resolves to where the browser goes. */
export type Start = (options: StartLoginOptions, asked?: Asked) => Promise<string>

/** What a route passes to `startLogin`. */
interface Given {
  readonly req: Request
  readonly res: Response
  readonly options: GivenToStart
  readonly further: StartLoginOptions
}

/**
 * Starts a login from any route, and redirects the browser.
 *
 * @throws {ConfigurationError} if an option is unknown or cannot be used
 * @throws the error that was given, if a login does not help
 */
export async function startFromRoute(given: Given, start: Start, stepUp: StepUp): Promise<void> {
  const { req, res, options, further } = given
  if (!res.headersSent) res.set(UNCACHED)
  if (answerUnseen(req, res)) return
  const url =
    options instanceof AuthorizationCodeError
      ? await startAfter(options, given, start, stepUp)
      : await start(checked({ ...options, ...further }))
  // The application may have answered by itself meanwhile.
  if (!isOver(res) && !res.headersSent) res.redirect(req.method === 'GET' ? 302 : 303, url)
}

async function startAfter(
  error: AuthorizationCodeError,
  { req, further }: Given,
  start: Start,
  stepUp: StepUp,
): Promise<string> {
  const here = req.method === 'GET' ? sameOriginPath(req.originalUrl) : undefined
  const options = { ...(here !== undefined && { returnTo: here }), ...checked(further) }
  if (error instanceof LoginRequiredError) return start(options)
  if (!(error instanceof StepUpRequiredError)) throw error
  if (isSilent(options.prompt)) {
    throw new ConfigurationError(
      "A login for more cannot be silent: the person would come back without it. Leave out prompt 'none'.",
      'prompt',
    )
  }
  const { scope, acrValues, maxAgeSeconds } = error
  const needed = await stepUp.optionsFor(req, error)
  return start({ ...needed, ...options }, { scope, acrValues, maxAgeSeconds })
}

/** @throws {ConfigurationError} if an option is unknown or cannot be used */
function checked(options: StartLoginOptions): StartLoginOptions {
  readTable(LOGIN_OPTIONS, options, START_LOGIN_SAMPLE)
  return options
}
