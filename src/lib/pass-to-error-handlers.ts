import type { LoginRequest } from './login-request.js'

/**
 * Passes an error to the error handlers of Express. Does nothing if the request has been answered already. If an
 * error handler throws, the connection is closed, so that the browser does not wait. Never throws.
 */
export function passToErrorHandlers(
  { res, next }: Pick<LoginRequest, 'res' | 'next'>,
  error: unknown,
): void {
  try {
    if (res?.writableEnded !== true) next?.(error)
  } catch {
    res?.destroy()
  }
}
