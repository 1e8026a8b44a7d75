import type { LoginRequest } from './login-request.js'

/** The headers by which browsers say that nobody has asked for the page yet. All but the first are of older ones. */
const HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'] as const

/** They ask about a page, and not for it. */
const LOOKING_METHODS: readonly (string | undefined)[] = ['HEAD', 'OPTIONS']

/**
 * Whether a request only looks at a page that a person may visit later: a prefetch, a preview, `HEAD` or `OPTIONS`. It must
 * not change anything.
 *
 * @see [Fetch, section 3.8 - Sec-Purpose](https://fetch.spec.whatwg.org/#sec-purpose-header)
 */
export function onlyLooks(request: Pick<LoginRequest, 'method' | 'headers'>): boolean {
  return LOOKING_METHODS.includes(request.method) || isSpeculative(request)
}

/** Whether the browser loads the page before the person has asked for it. */
export function isSpeculative({ headers }: Pick<LoginRequest, 'headers'>): boolean {
  return HEADERS.some((name) => /prefetch|prerender|preview/i.test(String(headers[name] ?? '')))
}
