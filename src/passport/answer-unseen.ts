import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { isSpeculative, onlyLooks } from '../lib/only-looks.js'
import { UNCACHED } from './uncached.js'

/**
 * Answers a prefetch, and a `HEAD` or `OPTIONS` request, which must neither start a login nor use up a callback. A browser that gets
 * 503 for a prefetch does not use the answer, and asks again when the person visits the page.
 *
 * @returns whether it has answered
 */
export function answerUnseen(req: Request, res: Response | undefined): boolean {
  if (res === undefined || !onlyLooks(req)) return false
  if (!res.headersSent) res.set(UNCACHED).status(isSpeculative(req) ? 503 : 200)
  if (!res.writableEnded) res.end()
  return true
}

/** {@link answerUnseen} as a handler of a route that changes something. */
export const onlyVisits: RequestHandler = (req: Request, res: Response, next: NextFunction) => {
  if (!answerUnseen(req, res)) next()
}
