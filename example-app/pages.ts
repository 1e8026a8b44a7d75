import { html, type Html } from './html.js'
import { DISPLAY_NAMES, logoutForm, page, type ProviderName } from './layout.js'
import type { Visitor } from './visitor.js'

/** What each provider is for, and what leads there. */
const CARDS: Readonly<Record<ProviderName, { readonly about: string; readonly open: string }>> = {
  askara: { about: 'Your profile, kept by Askara.', open: 'Open profile' },
  jiko: { about: 'Your pockets, kept by Jiko.', open: 'Open pockets' },
  openid: { about: 'Your identity, at an OpenID provider of this example.', open: 'Open identity' },
}

/** The page everything starts from: who is logged in, or the ways to log in. */
export function homePage(
  visitor: Visitor | undefined,
  { hasOpenId, isFlowShown }: { readonly hasOpenId: boolean; readonly isFlowShown: boolean },
): Html {
  return page({
    title: visitor ? 'You are logged in' : 'Log in with your provider',
    path: '/',
    content: html`
      ${visitor ? loggedIn(visitor) : lead()}
      <div class="cards">
        ${card('askara', visitor)} ${card('jiko', visitor)} ${hasOpenId && card('openid', visitor)}
      </div>
      <ul class="links quiet">
        ${
          hasOpenId &&
          html`<li>
              <a href="/news">News</a> knows who is logged in at Example ID, without a question.
            </li>
            <li><a href="/payments">Payments</a> need a fresh login there, and one more right.</li>`
        }
        ${visitor && html`<li><a href="/servers">Connect a server</a> by its address alone, and call its tools.</li>`}
        ${visitor && html`<li><a href="/logins">Your logins</a> has all ways to log out.</li>`}
        ${isFlowShown && html`<li><a href="/flow">See the flow</a> of each login, step by step. The first time, open the address that is in the app’s terminal.</li>`}
      </ul>
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

function card(name: ProviderName, visitor: Visitor | undefined): Html {
  const { about, open } = CARDS[name]
  const isTheirs = visitor?.provider === name
  const action = isTheirs
    ? html`<a class="button primary" href="/${name}">${open}</a>`
    : html`<a class="button ${visitor ? '' : 'primary'}" href="/auth/${name}/login"
        >Log in with ${DISPLAY_NAMES[name]}</a
      >`
  return html`<section class="card ${name}">
    <h2>${DISPLAY_NAMES[name]}</h2>
    <p class="quiet">${about}</p>
    ${action}
  </section>`
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
