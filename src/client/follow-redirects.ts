import { ResourceError } from '../errors/provider-errors.js'

/** Sends one request, with the access token and its proof if the address may have them. Follows no redirect. */
export type SendOne = (url: URL, init: RequestInit, isTrusted: boolean) => Promise<Response>

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** As many as browsers follow. */
const MAXIMUM_REDIRECTS = 20

/** Headers that another origin must not see. */
const PRIVATE_HEADERS = ['authorization', 'cookie', 'proxy-authorization', 'dpop']

/**
 * Follows redirects as `fetch` does, but asks for each request anew: a DPoP proof is for one address only, and none is sent
 * over plain HTTP. As soon as a redirect leads to another origin, nothing private is sent any more, even if a later one leads
 * back.
 *
 * @throws {ResourceError} after too many redirects
 * @see [RFC 9449, section 4.2 - DPoP Proof JWT Syntax](https://www.rfc-editor.org/rfc/rfc9449.html#section-4.2)
 */
export async function followRedirects(
  url: string | URL,
  init: RequestInit,
  send: SendOne,
): Promise<Response> {
  let target = new URL(url)
  let request = init
  let isTrusted = true
  for (let redirects = 0; redirects <= MAXIMUM_REDIRECTS; redirects++) {
    const answer = await send(target, { ...request, redirect: 'manual' }, isTrusted)
    const next = redirectOf(answer, target)
    const isStreamed = request.body instanceof ReadableStream
    if (next === undefined || (isStreamed && keepsBody(answer.status))) return answer
    await answer.body?.cancel().catch(() => undefined)
    request = redirected(request, answer.status)
    if (next.origin !== target.origin) {
      isTrusted = false
      request = { ...request, headers: withoutPrivate(request.headers) }
    }
    target = next
  }
  throw new ResourceError('The resource redirects too often.', { phase: 'resource' })
}

function redirectOf({ status, headers }: Response, from: URL): URL | undefined {
  const location = headers.get('location')
  if (!REDIRECTS.has(status) || location === null) return undefined
  return URL.canParse(location, from.href) ? new URL(location, from) : undefined
}

function keepsBody(status: number): boolean {
  return status === 307 || status === 308
}

/** @see [Fetch Standard, HTTP-redirect fetch](https://fetch.spec.whatwg.org/#http-redirect-fetch) */
function redirected(init: RequestInit, status: number): RequestInit {
  const method = (init.method ?? 'GET').toUpperCase()
  const becomesGet =
    status === 303 ? method !== 'GET' && method !== 'HEAD' : !keepsBody(status) && method === 'POST'
  if (!becomesGet) return init
  const headers = new Headers(init.headers)
  for (const name of ['content-type', 'content-length', 'content-encoding']) headers.delete(name)
  return { ...init, method: 'GET', body: null, headers }
}

function withoutPrivate(given: RequestInit['headers']): Headers {
  const headers = new Headers(given)
  for (const name of PRIVATE_HEADERS) headers.delete(name)
  return headers
}
