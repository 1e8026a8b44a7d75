import type { FlowFailure } from '../diagnostics/observation.js'
import type { ShownValue } from '../diagnostics/shown-values.js'
import { LANES, duration, linesOf } from './diagram.js'
import type { Lane, Line } from './diagram.js'
import { fixOf } from './fixes.js'
import type { Flow, FlowStatus } from './recorder.js'
import { escapeHtml } from '../lib/escape-html.js'

/** The contents of the page. */
export interface PageParts {
  /** The path that the inspector is mounted at, such as `/flow`. */
  readonly mount: string
  /** The names of the inspected strategies. */
  readonly strategies: readonly string[]
  /** The flows, newest first. */
  readonly flows: readonly Flow[]
}

/** The headings of the lanes. */
const LANE_NAMES: Readonly<Record<Lane, string>> = {
  browser: 'Browser',
  app: 'App',
  provider: 'Provider',
  store: 'Session store',
}

/** The HTML of the page. It is complete without its script, which only keeps it up to date. */
export function inspectorPage({ mount, strategies, flows }: PageParts): string {
  const at = escapeHtml(mount)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Login flows</title>
<link rel="stylesheet" href="${at}/style.css">
<script src="${at}/script.js" defer></script>
</head>
<body data-events="${at}/events">
<header class="top">
<h1>Login flows</h1>
<p>of ${strategies.map((name) => `<strong>${escapeHtml(name)}</strong>`).join(', ')}. Secrets are shown as a short hash, such as <code>#1a2b3c4d</code>. Equal hashes mean equal values.</p>
<p id="live" role="status">Reload this page to see newer flows.</p>
</header>
<main>
<ol id="flows" aria-label="Flows, newest first">${flowList(flows)}</ol>
<p class="empty">Nothing has happened yet. Log in in another tab.</p>
</main>
</body>
</html>
`
}

/** The newest flow is open, so that the page stays short. */
function flowList(flows: readonly Flow[]): string {
  return flows.map((flow, index) => listItem(flow, index === 0)).join('')
}

/** The HTML of one flow in the list. The script replaces the item with the same `data-flow`, and opens what is to be open. */
export function flowItem(flow: Flow): string {
  return listItem(flow, false)
}

function listItem(flow: Flow, isOpen: boolean): string {
  return `<li data-flow="${flow.id}">${flowArticle(flow, isOpen)}</li>`
}

/** The titles of flows, by the activity that they were started for. */
const TITLES: Readonly<Record<string, string>> = {
  login: 'Login',
  callback: 'Callback without a known login',
  renewal: 'Renewal of tokens',
  revocation: 'Revocation',
  logout: 'Logout',
  end_grant: 'End of a grant',
  backchannel_logout: 'Logout by the provider',
  frontchannel_logout: 'Logout by a page of the provider',
}

/** The texts of the statuses. They begin with a sign, for people who cannot tell the colours apart. */
const STATUSES: Readonly<Record<FlowStatus, string>> = {
  running: '… Running',
  waiting: '… The browser is at the provider',
  ok: '✓ Done',
  refused: '✗ Refused',
  failed: '✗ Failed',
}

/** The HTML of one flow: a line with its title, its status and why it failed, and the diagram to open. */
function flowArticle(flow: Flow, isOpen: boolean): string {
  const { id, strategy, activity, startedAt, events, status, dropped } = flow
  const title = (Object.hasOwn(TITLES, activity) ? TITLES[activity] : undefined) ?? activity
  const time = new Date(startedAt)
  const lastAt = events.at(-1)?.at ?? startedAt
  return `<article class="flow ${status}" id="flow-${id}" aria-labelledby="title-${id}">
<details class="steps" data-key="flow-${id}"${isOpen ? ' open' : ''}>
<summary>
<h2 id="title-${id}">${escapeHtml(title)} <small>${escapeHtml(strategy)}</small></h2>
<strong class="status">${STATUSES[status]}</strong>
<span class="when"><time datetime="${time.toISOString()}">${time.toTimeString().slice(0, 8)}</time>, ${duration(lastAt - startedAt)}</span>
${failureLine(flow)}
</summary>
${failureBox(flow)}
<div class="lanes" aria-hidden="true">${LANES.map((lane) => `<span>${LANE_NAMES[lane]}</span>`).join('')}</div>
<ol class="diagram">
${linesOf(flow)
  .map((line, index) => lineItem(line, `${id}-${index}`))
  .join('\n')}
</ol>
${dropped === 0 ? '' : `<p>${dropped} further events are not shown.</p>`}
</details>
</article>`
}

/** The reason of a failure in the line that is always visible. The style hides it where the box below it is open. */
function failureLine({ failure }: Flow): string {
  if (failure === undefined) return ''
  const { reason, message } = failure
  const because = message === undefined ? '' : ` ${escapeHtml(message)}`
  return `<span class="why"><code>${escapeHtml(reason)}</code>${because}</span>`
}

/** The reason of a failure, and what to do about it; empty if the flow has not failed. */
function failureBox({ failure, events }: Flow): string {
  if (failure === undefined) return ''
  const { reason, message } = failure
  const oauthError = failure.oauthError ?? errorOfResponse(failure, events)
  const because = message === undefined ? '' : ` ${escapeHtml(message)}`
  return `<div class="failure">
<p><strong>Why:</strong> <code>${escapeHtml(reason)}</code>${because}</p>
<p><strong>What to do:</strong> ${withCode(fixOf(reason, oauthError))}</p>
</div>`
}

/** Escapes Markdown and turns text between backticks into `<code>`. */
function withCode(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}

/**
 * The `error` of the authorization response, if that is what failed. Otherwise it is not used, because anybody can open
 * the callback with any `error`.
 */
function errorOfResponse({ reason }: FlowFailure, events: Flow['events']): string | undefined {
  if (reason !== 'ERR_AUTHORIZATION_RESPONSE') return undefined
  const response = events.findLast((event) => event.type === 'visit')
  return response?.values.find(({ name }) => name === 'error')?.value
}

/** One arrow of the diagram. @param key identifies it, so that open details stay open when the item is replaced */
function lineItem({ from, to, label, took, values, isFailure }: Line, key: string): string {
  const [start, end] = [LANES.indexOf(from), LANES.indexOf(to)]
  const direction = start === end ? 'note' : start < end ? 'to-right' : 'to-left'
  const lanes = `lanes-${Math.min(start, end)}-${Math.max(start, end)}`
  const route = from === to ? LANE_NAMES[from] : `${LANE_NAMES[from]} → ${LANE_NAMES[to]}`
  return `<li class="line ${lanes} ${direction}${isFailure ? ' bad' : ''}">
<p class="label"><span class="route">${route}: </span>${isFailure ? '✗ ' : ''}${breakable(label)}${took === undefined ? '' : ` <small>${took}</small>`}</p>
<span class="arrow" aria-hidden="true"></span>
${valueList(values ?? [], key)}</li>`
}

/** Escapes a label, and lets a long address break at its slashes. */
function breakable(label: string): string {
  return escapeHtml(label).replace(/(?<=[^/])\/(?=[^/])/g, '<wbr>/')
}

/** The parameters of an arrow, collapsed. */
function valueList(values: readonly ShownValue[], key: string): string {
  if (values.length === 0) return ''
  const count = values.length === 1 ? '1 parameter' : `${values.length} parameters`
  return `<details data-key="${key}"><summary>${count}</summary><dl>${values.map(valueRow).join('')}</dl></details>`
}

/** One parameter. */
function valueRow({ name, value, hashed }: ShownValue): string {
  const shown = hashed
    ? `<code class="hash">${escapeHtml(value)}</code>`
    : escapeHtml(value === '' ? '(empty)' : value)
  return `<div><dt>${escapeHtml(name)}</dt><dd>${shown}</dd></div>`
}
