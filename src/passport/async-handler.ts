import { passToErrorHandlers } from '../lib/pass-to-error-handlers.js'
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express'

/**
 * How a request is answered: by writing the response or passing it to other routes, by the route's next handler, or by none of
 * this router, as if the page did not exist.
 */
export type Reply = ((next: NextFunction) => void) | 'next' | 'router'

/**
 * Makes an Express handler from an async function that works out the reply.
 *
 * The reply is dropped if the application has answered by itself meanwhile, for example after a time-out
 * of its own. Errors go to `next`. If an error handler throws in turn, the connection is closed. Nothing
 * that happens here ends the process.
 */
export function asyncHandler(
  handle: (req: Request, res: Response) => Promise<Reply>,
): RequestHandler {
  return (req, res, next) => {
    // `then` also catches what `handle` throws before its first `await`.
    Promise.resolve()
      .then(() => handle(req, res))
      .then((reply) => send(reply, res, next))
      .catch((error: unknown) => passToErrorHandlers({ res, next }, error))
  }
}

/** Makes an Express error handler from the application's function, which may be async. */
export function errorHandler(
  handle: (error: unknown, req: Request, res: Response, next: NextFunction) => unknown,
): ErrorRequestHandler {
  // Express recognizes error handlers by their four parameters, which the application's function may not have.
  return (error: unknown, req, res, next) => {
    // Express 4 does not catch a rejection, and it would end the process.
    Promise.resolve(handle(error, req, res, next)).catch((failure: unknown) =>
      passToErrorHandlers({ res, next }, failure),
    )
  }
}

function send(reply: Reply, res: Response, next: NextFunction): void {
  if (typeof reply === 'string') {
    if (res.writableEnded) return
    if (reply === 'next') next()
    else next(reply)
  } else if (!res.headersSent) reply(next)
}
