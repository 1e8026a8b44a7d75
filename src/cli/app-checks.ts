import { failed, messageOf, ok, skipped, warning } from './finding.js'
import type { Verdict } from './finding.js'
import type { Answer, Transport } from '../client/transport.js'
import { isLoopback } from '../lib/loopback.js'
import type { Settings } from '../options/read-options.js'

/** The running application, as browsers see it. */
export interface RunningApplication {
  /** The address that browsers use, such as `https://app.example.com`, in front of all proxies. */
  readonly origin: string
  /** The path of its login route. @default `/login` beside the callback route, as with `authRouter` */
  readonly loginPath?: string | undefined
}

/** Checks that browsers can open the callback URL, and that it belongs to the application. */
export function checkCallbackUrl(
  settings: Settings,
  application: RunningApplication | undefined,
): Verdict {
  const [first] = settings.callbackURL
  // Of several hosts, the one that the application is reached by here.
  const isHere = (url: string): boolean => new URL(url).origin === application?.origin
  const callbackURL = settings.callbackURL.find(isHere) ?? first
  const { origin, hostname, pathname, search } = new URL(callbackURL)
  if (callbackURL.includes('*') || hostname === '0.0.0.0') {
    return failed(
      `browsers cannot open ${callbackURL}`,
      'Use one exact URL, as registered, with the host that browsers see.',
    )
  }
  if (application !== undefined && differsByPort(new URL(application.origin), callbackURL)) {
    return failed(
      `${callbackURL} and the application, ${application.origin}, have different ports`,
      'Use the port that browsers see in both, and register that callback URL.',
    )
  }
  if (application !== undefined && new URL(application.origin).origin !== origin) {
    return failed(
      `${origin} is not the address of the application, ${application.origin}`,
      'Use one origin for both: browsers send the session cookie only to the host that set it.',
    )
  }
  if (search !== '' || pathname === '/') {
    return warning(
      `${callbackURL} has ${search === '' ? 'no path' : 'a query'}`,
      'Use a path that nothing else uses, such as /auth/callback, exactly as registered.',
    )
  }
  return isLoopback(hostname) && application === undefined
    ? warning(`${callbackURL} is on this machine`, 'Register the public one for production.')
    : ok(callbackURL)
}

/** Whether only the ports differ. Cookies do not depend on the port, so the cause is not a lost session. */
function differsByPort(a: URL, callbackURL: string): boolean {
  const b = new URL(callbackURL)
  return a.protocol === b.protocol && a.hostname === b.hostname && a.port !== b.port
}

/** Checks that the login route redirects to the provider with the values of the options, and sets a usable cookie. */
export async function checkLogin(
  settings: Settings,
  application: RunningApplication | undefined,
  transport: Transport,
): Promise<readonly [login: Verdict, cookie: Verdict, formAction?: Verdict | undefined]> {
  if (application === undefined) {
    const verdict = skipped('APP_URL is not set')
    return [verdict, verdict]
  }
  try {
    const answer = await visitLogin(application, settings, transport)
    const login = checkRedirect(answer, settings, application)
    if (answer.status >= 400)
      return [login, skipped(`the login route answers HTTP ${answer.status}`)]
    const cookies = cookiesOf(answer)
    const cookie =
      cookies.length === 0
        ? await checkMissingCookie(application, settings, transport)
        : checkCookie(cookies, application)
    return [login, cookie, checkFormAction(answer, settings)]
  } catch (error) {
    const verdict = failed(messageOf(error), 'Start the application, and check APP_URL.')
    return [verdict, skipped('the application cannot be reached')]
  }
}

/** Requests the login route as a browser that opens a page does. */
function visitLogin(
  application: RunningApplication,
  settings: Settings,
  transport: Transport,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return transport.send({
    method: 'GET',
    url: new URL(loginPathOf(application.loginPath, settings), application.origin).href,
    headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', ...headers },
  })
}

/** The path of the login route: `LOGIN_PATH`, or `/login` beside the callback route. */
export function loginPathOf(
  loginPath: string | undefined,
  { callbackURL: [callbackURL] }: Settings,
): string {
  return loginPath ?? new URL(callbackURL).pathname.replace(/\/callback$/, '/login')
}

/** Checks the redirect to the provider. */
function checkRedirect(
  { status, headers }: Answer,
  settings: Settings,
  { loginPath }: RunningApplication,
): Verdict {
  const location = String(headers['location'] ?? '')
  if (!URL.canParse(location)) {
    return failed(
      `the login route answers HTTP ${status} and does not redirect to a provider`,
      loginPath === undefined
        ? 'It is looked for beside the path of callbackURL: check that, or set LOGIN_PATH. And see the log of the application.'
        : 'Check LOGIN_PATH, and the log of the application.',
    )
  }
  const { origin, pathname, searchParams } = new URL(location)
  const expected = new URL(settings.authorizationURL)
  if (origin + pathname !== expected.origin + expected.pathname) {
    return failed(
      `the login route redirects to ${origin}${pathname}`,
      'The application uses a different provider. Check that both have the same options.',
    )
  }
  if (searchParams.get('client_id') !== settings.clientID) {
    return failed(
      'the application sends another client_id',
      'Start it with the same environment variables.',
    )
  }
  // A pushed or signed request does not have it in the URL.
  const [first] = settings.callbackURL
  const redirectUri = searchParams.get('redirect_uri') ?? first
  return settings.callbackURL.includes(redirectUri)
    ? ok('the login route redirects to the provider')
    : failed(
        `the application sends the redirect_uri ${redirectUri}`,
        'Start it with the same callbackURL.',
      )
}

/**
 * Finds a Content-Security-Policy that keeps forms from leading to the provider: Chromium applies `form-action` to the
 * redirects that follow. The forms of this package are made for it; those of the application may not be.
 *
 * @returns `undefined` if nothing is kept
 * @see [CSP Level 3, form-action](https://www.w3.org/TR/CSP3/#directive-form-action)
 */
function checkFormAction({ headers }: Answer, settings: Settings): Verdict | undefined {
  const policies = [headers['content-security-policy'] ?? []].flat().join(',').split(/[;,]/)
  const directive = policies.map((one) => one.trim()).find((one) => /^form-action\b/i.test(one))
  const { origin, host } = new URL(settings.authorizationURL)
  const allowed = directive?.split(/\s+/).slice(1) ?? ['*']
  if (allowed.some((one) => ['*', 'https:', origin, host].includes(one))) return undefined
  return warning(
    `the Content-Security-Policy has ${directive ?? ''}`,
    `If a form of yours leads to a login or a logout by a redirect, add ${origin} to form-action: Chromium blocks it otherwise, and nothing happens. Links are not affected.`,
  )
}

/** The usual cause of a missing secure cookie, and what to do about it. */
const BEHIND_A_PROXY =
  "Behind a proxy that terminates TLS, call app.set('trust proxy', 1), and let the proxy send X-Forwarded-Proto: https."

/**
 * Finds out why there is no cookie. If there is one once the request has `X-Forwarded-Proto: https`, the proxy in
 * front of the application does not send that header.
 */
async function checkMissingCookie(
  application: RunningApplication,
  settings: Settings,
  transport: Transport,
): Promise<Verdict> {
  const seen = 'the login route sets no cookie, so logins cannot be finished'
  const isHttps = isOverTls(application)
  const retried = isHttps
    ? await visitLogin(application, settings, transport, { 'x-forwarded-proto': 'https' })
    : undefined
  return retried !== undefined && cookiesOf(retried).length > 0
    ? failed(
        `${seen}; it sets one if the request has X-Forwarded-Proto: https`,
        'Let the proxy that terminates TLS send X-Forwarded-Proto: https.',
      )
    : failed(
        seen,
        `express-session sets no secure cookie if the request seems to be plain HTTP. ${BEHIND_A_PROXY}`,
      )
}

/** Whether browsers reach the application by HTTPS. */
function isOverTls({ origin }: RunningApplication): boolean {
  return new URL(origin).protocol === 'https:'
}

/**
 * Checks that browsers send the cookie back to the callback route, and that scripts cannot read it.
 *
 * @see [RFC 6265bis, section 5.6.7 - The SameSite Attribute](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis)
 */
function checkCookie(all: readonly Cookie[], application: RunningApplication): Verdict {
  const isHttps = isOverTls(application)
  // If there is an HttpOnly cookie, the others are not the session's: a CSRF token, for example, is for scripts.
  const hidden = all.filter(({ flags }) => flags.has('httponly'))
  const cookies = hidden.length > 0 ? hidden : all
  const strict = cookies.find(({ flags }) => flags.get('samesite') === 'strict')
  if (strict !== undefined) {
    return failed(
      `${strict.name} is SameSite=Strict, so browsers do not send it with the callback from the provider`,
      "Use cookie: { sameSite: 'lax' }.",
    )
  }
  const insecure = cookies.find(({ flags }) => isHttps && !flags.has('secure'))
  if (insecure !== undefined) {
    return failed(
      `${insecure.name} is not Secure`,
      `Use cookie: { secure: 'auto' }. ${BEHIND_A_PROXY}`,
    )
  }
  const refused = cookies.find(
    ({ flags }) => !flags.has('secure') && flags.get('samesite') === 'none',
  )
  if (refused !== undefined) {
    return failed(
      `${refused.name} is SameSite=None without Secure, which browsers refuse`,
      "Use cookie: { sameSite: 'lax' }, or add secure: true.",
    )
  }
  const secure = cookies.find(({ flags }) => !isHttps && flags.has('secure'))
  if (secure !== undefined) {
    return failed(
      `${secure.name} is Secure, and ${application.origin} is not HTTPS`,
      "Set APP_URL to the address that browsers use, or use cookie: { secure: 'auto' }.",
    )
  }
  const names = cookies.map(({ name }) => name).join(', ')
  return hidden.length > 0
    ? ok(names)
    : warning(`${names} is not HttpOnly`, 'Remove httpOnly: false from the cookie options.')
}

/** A cookie that the application sets, without its value. */
interface Cookie {
  readonly name: string
  /** The attributes, their names and values in lower case. */
  readonly flags: ReadonlyMap<string, string>
}

function cookiesOf({ headers }: Answer): readonly Cookie[] {
  return [headers['set-cookie'] ?? []].flat().map(readCookie)
}

/**
 * Reads the name and the attributes of a `Set-Cookie` header.
 *
 * @see [RFC 6265, section 4.1.1 - Syntax](https://www.rfc-editor.org/rfc/rfc6265.html#section-4.1.1)
 */
function readCookie(line: string): Cookie {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const flags = attributes.map((attribute): [string, string] => {
    const [name = '', value = ''] = attribute.toLowerCase().split('=')
    return [name, value]
  })
  return { name: pair.split('=', 1)[0] ?? '', flags: new Map(flags) }
}
