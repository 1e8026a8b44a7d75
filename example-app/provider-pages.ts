import { html, type Html } from './html.js'
import { logoutForm, page, time, type ProviderName } from './layout.js'

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

/** What the OpenID provider's UserInfo endpoint says: the claims that the login's scope allows. */
export function openIdPage(claims: unknown, tokens: TokenFacts | undefined): Html {
  return page({
    title: 'Your identity',
    path: '/openid',
    provider: 'openid',
    content: html`
      <section class="card">${isRecord(claims) ? factList(claims) : json(claims)}</section>
      ${tokens && tokenCard('openid', tokens)}
      <div class="actions">
        <a class="button" href="/payments">Your payments</a>
        <a class="button" href="/news">News</a>
        ${logoutForm('openid')}
      </div>
    `,
  })
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
  return isRecord(amount) ? dollars(amount['value']) : '–'
}

/** An amount of cents. */
export function dollars(cents: unknown): string {
  if (typeof cents !== 'number') return '–'
  return (cents / 100).toLocaleString('en-US', { style: 'currency', currency: 'USD' })
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

type Facts = Readonly<Record<string, unknown>>

function isRecord(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
