import type { LoginRequest } from './login-request.js'

/**
 * Hands an error to the error handlers of Express, unless the request has been answered. If an error handler
 * throws, the connection is closed.
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
