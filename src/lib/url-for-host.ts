import type { LoginRequest } from './login-request.js'

/** Absolute URLs of one route, at least one. Each host that the application is reached by has its own. */
export type HostURLs = readonly [string, ...string[]]

/**
 * The URL whose host is the one that the request was sent to, else the first. Headers only choose one of the list: nothing else
 * can come of them.
 */
export function urlForHost(urls: HostURLs, request: LoginRequest): string {
  const [first] = urls
  if (urls.length === 1) return first
  const { host } = request.headers
  // Express has the name that its `trust proxy` allows to believe.
  const { hostname = nameIn(host) } = request as LoginRequest & { readonly hostname?: string }
  const named = urls.filter((url) => new URL(url).hostname === hostname?.toLowerCase())
  return named.find((url) => new URL(url).host === host?.toLowerCase()) ?? named[0] ?? first
}

function nameIn(host: string | undefined): string | undefined {
  const url = `http://${host ?? ''}`
  return URL.canParse(url) ? new URL(url).hostname : undefined
}
