import type { NextFunction, Request, Response } from 'express'
import {
  AuthorizationCodeError,
  AuthorizationResponseError,
  LoginRequiredError,
} from '../errors/errors.js'
import { authorizationErrorFrom } from '../errors/oauth-errors.js'
import { pageOf } from '../errors/table.js'
import type { ErrorPage } from '../errors/error-entry.js'
import { htmlPage } from './html-page.js'
import { loginLink } from './next-login.js'
import type { NextStep } from './html-page.js'

/**
 * What {@link authRouter} does with errors when it is given no `onError`: a plain page for errors that the
 * person at the browser can correct (usually with a link to log in again), and `next(error)` for all others. To do
 * something else first, write an `onError` that calls it at the end.
 *
 * Unless `app.get('env')` is `production`, the page also shows the error's message.
 *
 * @example
 * ```ts
 * import { authRouter, loginErrorPage } from 'passport-authorization-code'
 *
 * const router = authRouter(strategy, {
 *   onError: (error, req, res, next) => {
 *     console.error(error)
 *     loginErrorPage(error, req, res, next)
 *   },
 * })
 * ```
 */
export function loginErrorPage(
  error: unknown,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  const isForThePerson = error instanceof AuthorizationCodeError && error.fault === 'browser'
  const page = isForThePerson ? wordsFor(error) : undefined
  if (!isForThePerson || page === undefined || res.headersSent) {
    next(error)
    return
  }
  const details = req.app.get('env') === 'production' ? undefined : error.message
  const needsLogin = error instanceof LoginRequiredError
  res.status(error.status).send(errorPage(page, details, loginLink(req, needsLogin)))
}

/** What the page says, which is never what the provider has written. */
function wordsFor(error: AuthorizationCodeError): ErrorPage | undefined {
  const page = pageOf(error.code)
  const text =
    error instanceof AuthorizationResponseError ? authorizationErrorFrom(error)?.page : undefined
  return page === undefined || text === undefined ? page : { ...page, text }
}

/** The page for an error that the person at the browser can correct. `details` are for the developer. */
function errorPage(
  { title, text, loginLink: offersLogin }: ErrorPage,
  details: string | undefined,
  login: NextStep | undefined,
): string {
  const paragraphs = details === undefined ? [text] : [text, details]
  return htmlPage(title, paragraphs, offersLogin ? login : undefined)
}
