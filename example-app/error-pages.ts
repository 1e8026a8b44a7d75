import type { ErrorCode } from 'passport-authorization-code'
import { html, type Html } from './html.js'
import { DISPLAY_NAMES, page, type ProviderName } from './layout.js'
import type { Visitor } from './visitor.js'

interface Explanation {
  readonly title: string
  /** What happened and what to do, for somebody who does not know what OAuth is. */
  readonly advice: string
  /** Whether another login is what helps. */
  readonly isLoginOffered: boolean
}

const startAgain = (title: string, advice: string) => ({ title, advice, isLoginOffered: true })
const notYours = (title: string, advice: string) => ({ title, advice, isLoginOffered: false })

type ExplainedCode = ErrorCode | 'ERR_EXAMPLE_API' | 'ERR_NOT_FOUND'

/** One page for each way a login can fail, found by the error's `code` and by nothing else. */
const EXPLANATIONS: Readonly<Record<ExplainedCode, Explanation>> = {
  ERR_AUTHENTICATION_REQUIREMENTS: startAgain(
    'A stronger login is needed',
    'The login server did not make sure who you are in the way that this page asks for. Start again, and use the stronger way if it offers one.',
  ),
  ERR_STEP_UP_REQUIRED: startAgain(
    'This page needs more than your login has',
    'The login server was asked for a newer or stronger login, or for further rights, and did not give them. You are still logged in.',
  ),
  ERR_CONNECTION_REQUIRED: notYours(
    'A connection is needed',
    'This server wants your permission. Connect it on the page of your servers.',
  ),
  ERR_NOT_CONNECTABLE: notYours(
    'This server cannot be connected',
    'Check the address. It must be that of a server which says how it is connected.',
  ),
  ERR_ANOTHER_PERSON: startAgain(
    'Somebody else came back',
    'You are still logged in as before. The login server has answered for another person. Log out first if you want to change.',
  ),
  ERR_PENDING_LOGIN_EXPIRED: startAgain(
    'That login took too long',
    'A started login waits for ten minutes. Nothing is lost: start it again.',
  ),
  ERR_PENDING_LOGIN_USED: startAgain(
    'That login was used already',
    'Each login counts once, and this page was loaded a second time. Start again if you are not logged in.',
  ),
  ERR_PENDING_LOGIN_UNKNOWN: startAgain(
    'We do not know this login',
    'It was not started in this browser, or too many others were started since. If a link brought you here, do not trust it; else start again.',
  ),
  ERR_SESSION_COOKIE_MISSING: startAgain(
    'Your browser sent no cookie',
    'A login needs one cookie of this site. Allow cookies, and use the same browser and the same address from start to end.',
  ),
  ERR_SESSION_LOST: startAgain(
    'We lost the start of this login',
    'This site was restarted, or forgot your visit, while you were at the provider. Start again.',
  ),
  ERR_LOGIN_REQUIRED: startAgain('Please log in', 'This page needs a login that is still alive.'),
  ERR_AUTHORIZATION_RESPONSE: startAgain(
    'The provider did not let you in',
    'It answered with an error instead of a login. Trying again in a moment may help.',
  ),
  ERR_TOKEN_ENDPOINT: startAgain(
    'The provider could not finish the login',
    'It is out of reach, too slow, or refused to hand over the tokens. Trying again in a moment may help.',
  ),
  ERR_PUSHED_AUTHORIZATION_REQUEST: startAgain(
    'The provider did not take the login',
    'It is out of reach, or refused to begin. Trying again in a moment may help.',
  ),
  ERR_LOGOUT_RESPONSE: notYours(
    'We know of no logout',
    'The provider sent you here as if you had logged out in this browser. Nothing was changed.',
  ),
  ERR_LOGOUT_TOKEN: notYours(
    'That was not the provider',
    'Something asked this site to log somebody out, and could not prove who it is.',
  ),
  ERR_LOGOUT_UNFINISHED: notYours(
    'Not all logins have ended yet',
    'They go on ending. The provider can ask again.',
  ),
  ERR_PROFILE: startAgain(
    'The provider did not tell who you are',
    'The login worked, reading your profile did not. Trying again in a moment may help.',
  ),
  ERR_DISCOVERY: notYours(
    'The provider’s description cannot be read',
    'Until it can, nobody is able to log in with this provider here.',
  ),
  ERR_RESOURCE: notYours(
    'The provider’s API is out of reach',
    'You are still logged in. Try again in a moment.',
  ),
  ERR_EXAMPLE_API: notYours(
    'The provider’s API did not answer as it should',
    'You are still logged in. Try again in a moment.',
  ),
  ERR_CROSS_SITE_REQUEST: notYours(
    'This request came from another site',
    'Only this site’s own buttons count. Nothing was changed.',
  ),
  ERR_TWO_SESSIONS: notYours(
    'Your browser has two logins here at once',
    'One of them may not be yours. Delete the cookies of this site, and log in again.',
  ),
  ERR_STORAGE: notYours(
    'We cannot remember you right now',
    'The place where sessions are kept is out of reach. Try again in a moment.',
  ),
  ERR_CONFIGURATION: notYours(
    'This site is not set up correctly',
    'It is our fault, and trying again will not help.',
  ),
  ERR_NOT_FOUND: notYours('There is no such page', 'The menu leads to the pages that exist.'),
}

/** The token endpoint failed somebody who is logged in. */
const NOT_RENEWED = notYours(
  'The access token could not be renewed',
  'The provider is out of reach or too slow. You are still logged in. Try again in a moment.',
)

/** A server that somebody connects, or the one where they log in for it. */
const NOT_REACHED = notYours(
  'This server is out of reach',
  'It, or the server where people log in for it, did not answer as it should. Nothing was changed.',
)

const UNEXPECTED = notYours('Something went wrong', 'It is our fault. Try again in a moment.')

/** What {@link errorPage} is about. */
export interface ErrorFacts {
  readonly code: string | undefined
  /** What was being done at the provider, such as `exchange` or `refresh`; `undefined` for other errors. */
  readonly phase: string | undefined
  readonly status: number
  /** What the error itself says, for developers; `undefined` where it may say too much. */
  readonly message: string | undefined
  /** The provider that was being used, if the failed request tells. */
  readonly provider: ProviderName | undefined
  /** Whether a server was being connected. */
  readonly isConnecting: boolean
}

/** The page for an error. The status stays the error's own. */
export function errorPage(facts: ErrorFacts): Html {
  const { code, status, message, provider, isConnecting } = facts
  const { title, advice, isLoginOffered } = explanationOf(facts)

  return page({
    title,
    provider,
    content: html`
      <p class="lead">${advice}</p>
      ${code === 'ERR_NOT_CONNECTABLE' && message !== undefined && html`<p class="note">${message}</p>`}
      <div class="actions">
        ${isConnecting && html`<a class="button primary" href="/servers">Your servers</a>`}
        ${provider && isLoginOffered && loginLink(provider)}
        ${provider && !isLoginOffered && status >= 500 && retryLink(provider)}
        <a class="button" href="/">Home</a>
      </div>
      <details class="note">
        <summary>For developers</summary>
        <p><code>${code ?? 'unexpected error'}</code>, status ${status}</p>
        ${message !== undefined && html`<p>${message}</p>`}
      </details>
    `,
  })
}

function loginLink(provider: ProviderName): Html {
  return html`<a class="button primary" href="/auth/${provider}/login"
    >Log in with ${DISPLAY_NAMES[provider]}</a
  >`
}

function retryLink(provider: ProviderName): Html {
  return html`<a class="button primary" href="/${provider}">Try again</a>`
}

function explanationOf({ code, isConnecting, phase }: ErrorFacts): Explanation {
  if (phase === 'refresh') return NOT_RENEWED
  return isConnecting && code === 'ERR_DISCOVERY' ? NOT_REACHED : explain(code)
}

/** Whether an error has a page of its own, which is so for all that the library throws. */
export function isExplained(code: string | undefined): boolean {
  return explain(code) !== UNEXPECTED
}

function explain(code: string | undefined): Explanation {
  const known: Readonly<Partial<Record<string, Explanation>>> = EXPLANATIONS
  return (code !== undefined && Object.hasOwn(known, code) ? known[code] : undefined) ?? UNEXPECTED
}

/** The page after somebody chose not to allow: nothing went wrong. A login that there was before goes on. */
export function loginDeclinedPage(visitor: Visitor | undefined): Html {
  const again = (name: ProviderName) =>
    html`<a class="button" href="/auth/${name}/login">Log in with ${DISPLAY_NAMES[name]}</a>`
  return page({
    title: 'You said no',
    content: html`
      <p class="lead">
        You denied this site access to your account, so
        ${visitor ? 'nothing has changed: you are still logged in' : 'you are not logged in'}. You
        can change your mind at any time.
      </p>
      <div class="actions">
        ${visitor ? html`<a class="button" href="/">Home</a>` : html`${again('askara')} ${again('jiko')}`}
      </div>
    `,
  })
}
