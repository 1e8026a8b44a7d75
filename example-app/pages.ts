import { html, type Content, type Html } from './html.js'

/** Which provider something is about. */
export type ProviderName = 'askara' | 'jiko'

/** How the providers are called in sentences. */
export const DISPLAY_NAMES: Readonly<Record<ProviderName, string>> = {
  askara: 'Askara',
  jiko: 'Jiko',
}

/** Who is logged in, as far as the pages are concerned. */
export interface Visitor {
  readonly provider: ProviderName
  /** `undefined` where the provider has no profile, as Jiko. */
  readonly displayName: string | undefined
}

/** The page everything starts from: who is logged in, or two ways to log in. */
export function homePage(
  visitor: Visitor | undefined,
  { isFlowShown }: { readonly isFlowShown: boolean },
): Html {
  return page({
    title: visitor ? 'You are logged in' : 'Log in with your provider',
    path: '/',
    content: html`
      ${visitor ? loggedIn(visitor) : lead()}
      <div class="cards">
        ${card('askara', 'Your profile, kept by Askara.', visitor)}
        ${card('jiko', 'Your pockets, kept by Jiko.', visitor)}
      </div>
      ${isFlowShown && html`<p class="quiet"><a href="/flow">See the flow</a> of each login, step by step.</p>`}
    `,
  })
}

function lead(): Html {
  return html`<p class="lead">
    This small site logs people in through the OAuth 2.0 Authorization Code Flow and shows what the
    provider’s API says about them.
  </p>`
}

function loggedIn(visitor: Visitor): Html {
  const provider = DISPLAY_NAMES[visitor.provider]
  const name = visitor.displayName ?? `Somebody at ${provider}`
  return html`<div class="card person ${visitor.provider}">
    <span class="initial" aria-hidden="true">${Array.from(name)[0]?.toUpperCase()}</span>
    <p><strong>${name}</strong><br /><span class="quiet">logged in with ${provider}</span></p>
    ${logoutForm(visitor.provider)}
  </div>`
}

function card(name: ProviderName, description: string, visitor: Visitor | undefined): Html {
  const isTheirs = visitor?.provider === name
  const action = isTheirs
    ? html`<a class="button primary" href="/${name}"
        >Open ${name === 'askara' ? 'profile' : 'pockets'}</a
      >`
    : html`<a class="button ${visitor ? '' : 'primary'}" href="/auth/${name}/login"
        >Log in with ${DISPLAY_NAMES[name]}</a
      >`
  return html`<section class="card ${name}">
    <h2>${DISPLAY_NAMES[name]}</h2>
    <p class="quiet">${description}</p>
    ${action}
  </section>`
}

function logoutForm(name: ProviderName): Html {
  return html`<form method="post" action="/auth/${name}/logout">
    <button>Log out</button>
  </form>`
}

/** What there is to say about somebody's tokens. Times are in **milliseconds since the epoch**. */
export interface TokenFacts {
  /** Changes whenever the access token does, and says nothing else about it. */
  readonly fingerprint: string
  /** When the access token ends; `undefined` if nobody said. */
  readonly expiresAt: number | undefined
  /** From when on the access token is renewed; `undefined` if that cannot be said. */
  readonly renewAt: number | undefined
  /** Whether there is a refresh token. */
  readonly isRenewable: boolean
  /** The moment of this page. */
  readonly now: number
}

/** The profile, as Askara's API gave it: whatever members it has, in its order. */
export function askaraPage(profile: unknown, tokens: TokenFacts | undefined): Html {
  return page({
    title: 'Your profile',
    path: '/askara',
    provider: 'askara',
    content: html`
      <section class="card">${isRecord(profile) ? factList(profile) : json(profile)}</section>
      ${tokens && tokenCard('askara', tokens)}
      <div class="actions">${logoutForm('askara')}</div>
    `,
  })
}

/** The pockets, as Jiko's API gave them. */
export function jikoPage(answer: unknown, tokens: TokenFacts | undefined): Html {
  const pockets = readPockets(answer)
  return page({
    title: 'Your pockets',
    path: '/jiko',
    provider: 'jiko',
    content: html`
      <section class="card">${pockets ? pocketTable(pockets) : json(answer)}</section>
      ${tokens && tokenCard('jiko', tokens)}
      <div class="actions">${logoutForm('jiko')}</div>
    `,
  })
}

/** The page that asks for a login, and says why there has to be one. */
export function loginPage(
  name: ProviderName,
  { returnTo, visitor }: { readonly returnTo: string; readonly visitor: Visitor | undefined },
): Html {
  const provider = DISPLAY_NAMES[name]
  const { title, advice } = loginReason(name, visitor)
  return page({
    title,
    provider: name,
    content: html`
      <p class="lead">${advice}</p>
      <div class="actions">
        <a
          class="button primary"
          href="/auth/${name}/login?return_to=${encodeURIComponent(returnTo)}"
          >Log in with ${provider}</a
        >
        <a class="button" href="/">Home</a>
      </div>
    `,
  })
}

function loginReason(name: ProviderName, visitor: Visitor | undefined) {
  const provider = DISPLAY_NAMES[name]
  if (visitor === undefined) {
    return { title: 'Please log in', advice: `This page shows what ${provider} knows about you.` }
  }
  if (visitor.provider === name) {
    return {
      title: 'Please log in again',
      advice: `${provider} has ended your login. That happens when you take your consent back there, or have not been here for a long time. You will come back to where you were.`,
    }
  }
  return {
    title: `This page is for logins with ${provider}`,
    advice: `You are logged in with ${DISPLAY_NAMES[visitor.provider]}. A login with ${provider} takes its place.`,
  }
}

/** Lists what is not nested; of what is nested, its name. */
function factList(facts: Facts): Html {
  return html`<dl>
    ${Object.entries(facts).map(
      ([name, value]) => html`
        <dt>${words(name)}</dt>
        <dd>${factText(value)}</dd>
      `,
    )}
  </dl>`
}

function factText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value
  if (isRecord(value) && typeof value['name'] === 'string') return value['name']
  return JSON.stringify(value)
}

/** `firstName` and `first_name` as `First name`, `uuid` as `UUID`. */
function words(name: string): string {
  if (/^(uu)?id$/.test(name)) return name.toUpperCase()
  const text = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

interface Pocket {
  readonly name: string
  readonly strategy: string | undefined
  readonly balance: string
}

/** Reads Jiko's list of pockets; `undefined` if it is something else. */
function readPockets(answer: unknown): readonly Pocket[] | undefined {
  const items = isRecord(answer) ? answer['items'] : undefined
  if (!Array.isArray(items) || !items.every(isRecord)) return undefined
  return items.map((item) => ({
    name: textOf(item['pocket_name']) ?? '–',
    strategy: textOf(item['deposit_strategy_id']),
    balance: money(isRecord(item['portfolio']) ? item['portfolio']['total_value'] : undefined),
  }))
}

/** An amount of Jiko's, which counts in cents. */
function money(amount: unknown): string {
  if (!isRecord(amount) || typeof amount['value'] !== 'number') return '–'
  const dollars = amount['value'] / 100
  return dollars.toLocaleString('en-US', { style: 'currency', currency: 'USD' })
}

function pocketTable(pockets: readonly Pocket[]): Html {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Pocket</th>
        <th scope="col">T-bills</th>
        <th scope="col" class="amount">Balance</th>
      </tr>
    </thead>
    <tbody>
      ${pockets.map(
        ({ name, strategy, balance }) =>
          html`<tr>
            <td>${name}</td>
            <td class="quiet">${strategy}</td>
            <td class="amount">${balance}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

function tokenCard(
  name: ProviderName,
  { expiresAt, fingerprint, isRenewable, now, renewAt }: TokenFacts,
): Html {
  return html`<section class="card token">
    <div>
      <h2>Access token <code>${fingerprint}</code></h2>
      <p class="quiet">
        ${
          expiresAt === undefined
            ? html`The provider did not say when it ends.`
            : html`It ends in <strong>${duration(expiresAt - now)}</strong>, at ${time(expiresAt)}.`
        }
        ${renewAt !== undefined && renewalNote(renewAt, now)}
      </p>
    </div>
    ${
      isRenewable &&
      html`<form method="post" action="/${name}/renew"><button>Renew now</button></form>`
    }
  </section>`
}

/** Nothing is renewed for somebody who does not come back. */
function renewalNote(renewAt: number, now: number): Html {
  return renewAt > now
    ? html`The first visit after ${time(renewAt)} renews it.`
    : html`The next visit finds it renewed.`
}

function time(at: number): Html {
  const date = new Date(at).toISOString()
  return html`<time datetime="${date}">${date.slice(11, 19)} UTC</time>`
}

function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  const count = (number: number, unit: string) => `${number} ${unit}${number === 1 ? '' : 's'}`
  if (seconds < 120) return count(seconds, 'second')
  if (seconds < 7200) return count(Math.round(seconds / 60), 'minute')
  return count(Math.round(seconds / 3600), 'hour')
}

function json(value: unknown): Html {
  return html`<pre>${JSON.stringify(value, undefined, 2)}</pre>`
}

/** What every page is made of. */
export interface PageParts {
  readonly title: string
  /** The page's own address, to mark it in the menu. */
  readonly path?: string
  readonly provider?: ProviderName | undefined
  readonly content: Content
}

/** A whole document around a page's content. */
export function page({ title, path, provider, content }: PageParts): Html {
  const link = (href: string, name: string) =>
    html`<a href="${href}" ${href === path && html`aria-current="page"`}>${name}</a>`

  return html`<!doctype html>
    <html lang="en" class="${provider}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Example App</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      </head>
      <body>
        <header>
          <nav class="site" aria-label="Site">
            <a class="name" href="/"><img src="/icon.svg" alt="" />Example App</a>
            ${link('/askara', 'Profile')} ${link('/jiko', 'Pockets')}
          </nav>
        </header>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
        <footer>Made with <code>passport-authorization-code</code>.</footer>
      </body>
    </html>`
}

type Facts = Readonly<Record<string, unknown>>

function isRecord(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
