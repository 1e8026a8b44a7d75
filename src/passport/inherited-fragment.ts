import type { Response } from 'express'

/**
 * Providers that append a fragment to the callback's URL: `#_=_` (Facebook), `#_` (Instagram).
 *
 * @see [Instagram, Business Login](https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login)
 */
const PROVIDERS = /(?:^|\.)(?:facebook|instagram)\.com$/

/** Whether the callbacks of a provider have a fragment. */
export function hasFragment(name: string, authorizationURL: string): boolean {
  const { hostname } = new URL(authorizationURL)
  return PROVIDERS.test(hostname) || name === 'facebook' || name === 'instagram'
}

/**
 * Lets the redirect after a callback end the fragment of the callback's URL. A browser keeps it if the redirect has none, so that
 * `#_=_` would stay in the address bar. An empty one replaces it.
 *
 * @see [RFC 9110, section 10.2.2 - Location](https://www.rfc-editor.org/rfc/rfc9110.html#section-10.2.2)
 */
export function endFragment(res: Response): void {
  const location = res.location.bind(res)
  res.location = (url: string) => location(url.includes('#') ? url : `${url}#`)
}
