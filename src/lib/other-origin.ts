import type { LoginRequest } from './login-request.js'

/**
 * Whether a page of another origin made the browser send this request. Browsers say so in `Sec-Fetch-Site`; older
 * ones send only `Origin`, and only with some requests. A client that sends neither is taken for one that is not a
 * browser.
 *
 * @see [Fetch Metadata Request Headers](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)
 */
export function isFromOtherOrigin({ headers }: Pick<LoginRequest, 'headers'>): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const { origin, host } = headers
  if (origin === undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}

/**
 * Whether the browser shows the response in a window. Another site may send people here to log in, in a window that
 * they see. It may not start logins that nobody sees, from images and frames.
 *
 * @see [Fetch Metadata Request Headers](https://www.w3.org/TR/fetch-metadata/#sec-fetch-dest-header)
 */
export function isSeen({ headers }: Pick<LoginRequest, 'headers'>): boolean {
  const isNavigation = (headers['sec-fetch-mode'] ?? 'navigate') === 'navigate'
  return isNavigation && (headers['sec-fetch-dest'] ?? 'document') === 'document'
}
