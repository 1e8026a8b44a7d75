import type { Request } from 'express'

/** Whether the response is shown in a browser's window, so that the person sees where a redirect leads. */
export function isPageVisit({ method, headers }: Request): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  return headers.accept?.includes('text/html') ?? false
}
