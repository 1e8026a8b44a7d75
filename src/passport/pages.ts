import type { ErrorPage } from '../errors/error-entry.js'

/**
 * A page without scripts, styles or anything to load, so that it works under any Content-Security-Policy.
 * Everything in it is escaped.
 */
function page(title: string, paragraphs: readonly string[], loginPath?: string): string {
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

/** The page for a login that the person or the application refused. */
export function refusalPage(reason: string, loginPath: string): string {
  return page('You are not logged in', [reason], loginPath)
}

/** The page for an error that the person at the browser can correct. `details` are for the developer. */
export function errorPage(
  { title, text, loginLink }: ErrorPage,
  details: string | undefined,
  loginPath: string,
): string {
  const paragraphs = details === undefined ? [text] : [text, details]
  return page(title, paragraphs, loginLink ? loginPath : undefined)
}

/** Escapes a text for HTML, so that it is safe inside an attribute's value too. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** The login route of the router that a request is in. */
export function loginPath({ baseUrl }: { readonly baseUrl: string }): string {
  return `${baseUrl}/login`
}
