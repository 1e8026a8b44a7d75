import type { ListedGrant } from 'passport-authorization-code'
import { html, type Html } from './html.js'
import { DISPLAY_NAMES, logoutForm, page, time, type ProviderName } from './layout.js'

/** What the page is made of. */
export interface LoginsFacts {
  /** Which provider the person has logged in with. */
  readonly provider: ProviderName
  /** Everywhere they are logged in, the newest login first; `undefined` if the provider does not say who they are. */
  readonly logins: readonly ListedGrant[] | undefined
  /** The provider's own page for logging out there, if it has one. */
  readonly logoutURL: string | undefined
}

/** Everywhere a person is logged in, and all ways to log out. */
export function loginsPage({ provider, logins, logoutURL }: LoginsFacts): Html {
  const name = DISPLAY_NAMES[provider]
  return page({
    title: 'Your logins',
    path: '/logins',
    provider,
    content: html`
      <p class="lead">
        Every login with ${name} has tokens of its own. Ending one logs that browser out.
      </p>
      <section class="card">
        ${
          logins
            ? loginTable(logins, provider)
            : html`<p class="quiet">
                ${name} does not say who you are, so your other logins cannot be found.
              </p>`
        }
      </section>
      ${waysOut({ provider, logins, logoutURL })}
      ${
        provider === 'askara' &&
        html`<p class="quiet">
          The <a href="/report">nightly report</a> has a grant of its own, which is not a login and
          stays until you take it back there.
        </p>`
      }
    `,
  })
}

function loginTable(logins: readonly ListedGrant[], provider: ProviderName): Html {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Since</th>
        <th scope="col">Last renewed</th>
        <th scope="col"></th>
      </tr>
    </thead>
    <tbody>
      ${logins.map((login) => row(login, provider))}
    </tbody>
  </table>`
}

function row(
  { id, createdAt, renewedAt, current, loginRequired }: ListedGrant,
  provider: ProviderName,
): Html {
  return html`<tr>
    <td>${time(createdAt)}${current && ' (this one)'}${loginRequired && ' (has expired)'}</td>
    <td class="quiet">${time(renewedAt)}</td>
    <td class="amount">${current ? logoutForm(provider) : endForm(id)}</td>
  </tr>`
}

function endForm(id: string): Html {
  return html`<form method="post" action="/logins/end">
    <input type="hidden" name="grant" value="${id}" />
    <button>End</button>
  </form>`
}

/** All ways to log out, each with what it ends. */
function waysOut({ provider, logins, logoutURL }: LoginsFacts): Html {
  const name = DISPLAY_NAMES[provider]
  return html`<section class="card">
    <h2>Ways to log out</h2>
    <ul class="ways">
      ${way(postForm('/logins/end-here', 'Only here'), html`Ends your login in this browser${logoutURL !== undefined && `; you stay logged in at ${name}`}.`)}
      ${logoutURL !== undefined && way(postForm(`/auth/${provider}/logout`, `Here and at ${name}`), html`Ends your login in this browser, then ${name} asks whether to end the one there.`)}
      ${
        logins &&
        html`${way(postForm('/logins/end-others', 'All others'), html`Ends your logins in all other browsers; this one stays.`)}
        ${way(postForm('/logins/end-all', 'Everywhere'), html`Ends your logins in all browsers, this one too.`)}`
      }
      ${logoutURL !== undefined && way(html`<a class="button" href="${logoutURL}">At ${name}</a>`, html`Ends your login there, and ${name} tells this app, which ends what began with it.`)}
    </ul>
  </section>`
}

function way(action: Html, whatEnds: Html): Html {
  return html`<li>
    ${action}
    <span class="quiet">${whatEnds}</span>
  </li>`
}

function postForm(action: string, label: string): Html {
  return html`<form method="post" action="${action}"><button>${label}</button></form>`
}
