import { escapeHtml } from '../lib/escape-html.js'

/**
 * A page without scripts, styles or anything to load, so that it works under any Content-Security-Policy.
 * Everything in it is escaped.
 *
 * @param next what the person can do next; without it, the page offers nothing
 */
export function htmlPage(title: string, paragraphs: readonly string[], next?: NextStep): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${refresh(next)}<title>${escapeHtml(title)}</title>
<h1>${escapeHtml(title)}</h1>
${paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n')}
${next === undefined ? '' : nextStep(next)}</html>
`
}

/**
 * A link; a button with this text, which posts to the address of the page itself; or an address to which the browser goes by
 * itself, with a link for those that do not.
 */
export type NextStep =
  | { readonly path: string; readonly link: string }
  | { readonly button: string; readonly fields?: Readonly<Record<string, string>> }
  | { readonly continueTo: string }

function nextStep(step: NextStep): string {
  if ('button' in step) {
    return `<form method="post">${fieldsOf(step.fields)}<button>${escapeHtml(step.button)}</button></form>\n`
  }
  const [path, link] = 'continueTo' in step ? [step.continueTo, 'Continue'] : [step.path, step.link]
  return `<p><a href="${escapeHtml(path)}">${escapeHtml(link)}</a></p>\n`
}

/** What the form sends besides. */
function fieldsOf(fields: Readonly<Record<string, string>> = {}): string {
  return Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`)
    .join('')
}

/** What makes the browser go on by itself, without a script. */
function refresh(step: NextStep | undefined): string {
  return step !== undefined && 'continueTo' in step
    ? `<meta http-equiv="refresh" content="0;url=${escapeHtml(step.continueTo)}">\n`
    : ''
}
