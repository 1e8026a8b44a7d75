import { html, type Html } from './html.js'
import { DISPLAY_NAMES, page } from './layout.js'
import { dollars } from './provider-pages.js'
import type { Visitor } from './visitor.js'

/** The news: a page for everybody, which knows who is logged in at Example ID. */
export function newsPage(visitor: Visitor | undefined): Html {
  return page({
    title: 'News',
    path: '/news',
    provider: 'openid',
    content: html`
      <p class="lead">
        This page is for everybody. Whoever is logged in at Example ID is logged in here as well,
        without a question (<code>silentLogin</code>).
      </p>
      <section class="card">${visitor ? known(visitor) : unknown()}</section>
      <section class="card">
        <h2>Login desk opens</h2>
        <p class="quiet">Three tabs at once were served in any order.</p>
      </section>
    `,
  })
}

function known({ displayName, provider }: Visitor): Html {
  const name = displayName ?? `Somebody at ${DISPLAY_NAMES[provider]}`
  return html`<h2>Welcome, ${name}</h2>
    <p class="quiet">
      You are logged in with ${DISPLAY_NAMES[provider]}. This button loses your session here, as a
      long absence does. Come back to the news then, and load them once more: if you are logged in
      at Example ID, you are logged in here again. The first page of a visit asks nobody.
    </p>
    <form method="post" action="/news/forget"><button>Forget my session</button></form>`
}

function unknown(): Html {
  return html`<h2>Welcome, whoever you are</h2>
    <p class="quiet">
      You are not logged in at Example ID, have logged out here, or this is your first page.
    </p>
    <a class="button" href="/auth/openid/login?return_to=/news">Log in with Example ID</a>`
}

/** The payments: a page that needs a further right and a fresh login. */
export function paymentsPage(answer: unknown, maxAgeSeconds: number): Html {
  const payments = Array.isArray(answer) ? (answer as readonly unknown[]) : []
  return page({
    title: 'Your payments',
    path: '/payments',
    provider: 'openid',
    content: html`
      <p class="lead">
        This page needs more than a login: that you allow <code>payments</code>, and that you have
        logged in at Example ID within ${maxAgeSeconds / 60} minutes.
      </p>
      <section class="card">
        <table>
          <thead>
            <tr>
              <th scope="col">To</th>
              <th scope="col" class="amount">Amount</th>
            </tr>
          </thead>
          <tbody>
            ${payments.map(row)}
          </tbody>
        </table>
      </section>
    `,
  })
}

function row(payment: unknown): Html {
  const { to, cents } = Object(payment) as Readonly<Record<string, unknown>>
  return html`<tr>
    <td>${String(to)}</td>
    <td class="amount">${dollars(cents)}</td>
  </tr>`
}
