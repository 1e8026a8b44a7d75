import { escapeHtml } from '../lib/escape-html.js'

/**
 * A page without scripts, styles or anything to load, so that it works under any Content-Security-Policy.
 * Everything in it is escaped.
 *
 * @param loginPath where "Log in again" leads; without it, the page has no such link
 */
export function htmlPage(title: string, paragraphs: readonly string[], loginPath?: string): string {
  const link =
    loginPath === undefined ? '' : `<p><a href="${escapeHtml(loginPath)}">Log in again</a></p>\n`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<h1>${escapeHtml(title)}</h1>
${paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n')}
${link}</html>
`
}

/** The login route of the router that a request is in. */
export function loginPath({ baseUrl }: { readonly baseUrl: string }): string {
  return `${baseUrl}/login`
}
