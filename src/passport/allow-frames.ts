import type { LoginRequest } from '../lib/login-request.js'

/**
 * Lets pages of these origins, and no others, show the response in a frame, whatever the application has set for all its
 * responses.
 *
 * @param origins such as `https://login.example.com`
 * @see [Content Security Policy Level 3, section 6.4.2 - frame-ancestors](https://www.w3.org/TR/CSP3/#directive-frame-ancestors)
 */
export function allowFrames({ res }: LoginRequest, origins: readonly string[]): void {
  if (res === undefined || res.headersSent) return
  res.removeHeader('X-Frame-Options')
  res.setHeader(
    'Content-Security-Policy',
    `default-src 'none'; frame-ancestors ${origins.join(' ')}`,
  )
}
