import type { ListedGrant } from 'passport-authorization-code'
import { html, type Html } from './html.js'
import { logoutForm, page, time } from './layout.js'

/** Everywhere a person is logged in, the newest login first. */
export function loginsPage(logins: readonly ListedGrant[]): Html {
  const others = logins.filter(({ current }) => !current)
  return page({
    title: 'Your logins',
    path: '/logins',
    provider: 'askara',
    content: html`
      <p class="lead">
        Every login with Askara has tokens of its own. Ending one logs that browser out.
      </p>
      <section class="card">
        <table>
          <thead>
            <tr>
              <th scope="col">Since</th>
              <th scope="col">Last renewed</th>
              <th scope="col"></th>
            </tr>
          </thead>
          <tbody>
            ${logins.map(row)}
          </tbody>
        </table>
        ${
          others.length > 0 &&
          html`<form method="post" action="/logins/end-others">
            <button>End all others</button>
          </form>`
        }
      </section>
      <p class="quiet">
        The <a href="/report">nightly report</a> has a grant of its own, which is not a login and
        stays.
      </p>
    `,
  })
}

function row({ id, createdAt, renewedAt, current, loginRequired }: ListedGrant): Html {
  return html`<tr>
    <td>${time(createdAt)}${current && ' (this one)'}${loginRequired && ' (has expired)'}</td>
    <td class="quiet">${time(renewedAt)}</td>
    <td class="amount">${current ? logoutForm('askara') : endForm(id)}</td>
  </tr>`
}

function endForm(id: string): Html {
  return html`<form method="post" action="/logins/end">
    <input type="hidden" name="grant" value="${id}" />
    <button>End</button>
  </form>`
}
