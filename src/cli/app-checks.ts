import { failed, messageOf, ok, skipped, warning } from './finding.js'
import type { Verdict } from './finding.js'
import type { Answer, Transport } from '../client/transport.js'
import type { Settings } from '../options/read-options.js'

/** The application that runs, as browsers see it. */
export interface RunningApplication {
  /** Its address from outside, in front of all proxies. */
  readonly origin: string
  /** The path of its login route. @default beside the callback's, as `authRouter` has it */
  readonly loginPath?: string | undefined
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** Whether the callback URL is one that a provider and a browser can use. */
export function checkCallbackUrl(
  { callbackURL }: Settings,
  application: RunningApplication | undefined,
): Verdict {
  const { origin, hostname, pathname, search } = new URL(callbackURL)
  if (callbackURL.includes('*') || hostname === '0.0.0.0') {
    return failed(
      `${callbackURL} is no address for browsers`,
      'Name one exact URL, as registered, with the host that browsers see.',
    )
  }
  if (application !== undefined && differsByPort(new URL(application.origin), callbackURL)) {
    return failed(
      `${callbackURL} and the application, ${application.origin}, differ by their port`,
      'Write the port that browsers see in both, and register that callback URL.',
    )
  }
  if (application !== undefined && new URL(application.origin).origin !== origin) {
    return failed(
      `${origin} is not where the application is, ${application.origin}`,
      'Use one origin for both: the session’s cookie goes to no other host.',
    )
  }
  if (search !== '' || pathname === '/') {
    return warning(
      `${callbackURL} has ${search === '' ? 'no path' : 'a query'}`,
      'Use a path of its own, such as /auth/callback, exactly as registered.',
    )
  }
  return LOOPBACK.test(hostname) && application === undefined
    ? warning(`${callbackURL} is on this machine`, 'Register the real one for production.')
    : ok(callbackURL)
}

/** Cookies do not depend on the port, so that it alone does not lose a session. */
function differsByPort(a: URL, callbackURL: string): boolean {
  const b = new URL(callbackURL)
  return a.protocol === b.protocol && a.hostname === b.hostname && a.port !== b.port
}

/** Whether the login route sends browsers to the provider with what the options say. */
export async function checkLogin(
  settings: Settings,
  application: RunningApplication | undefined,
  transport: Transport,
): Promise<readonly [login: Verdict, cookie: Verdict]> {
  if (application === undefined) {
    const verdict = skipped('APP_URL is not set')
    return [verdict, verdict]
  }
  try {
    const answer = await visitLogin(application, settings, transport)
    const login = checkRedirect(answer, settings)
    if (answer.status >= 400)
      return [login, skipped(`the login route answers HTTP ${answer.status}`)]
    const cookies = cookiesOf(answer)
    const cookie =
      cookies.length === 0
        ? await checkMissingCookie(application, settings, transport)
        : checkCookie(cookies, application)
    return [login, cookie]
  } catch (error) {
    const verdict = failed(messageOf(error), 'Start the application, and check APP_URL.')
    return [verdict, skipped('the application cannot be reached')]
  }
}

function visitLogin(
  application: RunningApplication,
  settings: Settings,
  transport: Transport,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return transport.send({
    method: 'GET',
    url: new URL(loginPathOf(application, settings), application.origin).href,
    headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', ...headers },
  })
}

function loginPathOf({ loginPath }: RunningApplication, { callbackURL }: Settings): string {
  return loginPath ?? new URL(callbackURL).pathname.replace(/\/callback$/, '/login')
}

function checkRedirect({ status, headers }: Answer, settings: Settings): Verdict {
  const location = String(headers['location'] ?? '')
  if (!URL.canParse(location)) {
    return failed(
      `the login route answers HTTP ${status} and leads to no provider`,
      'Check LOGIN_PATH, and what the application prints.',
    )
  }
  const { origin, pathname, searchParams } = new URL(location)
  const expected = new URL(settings.authorizationURL)
  if (origin + pathname !== expected.origin + expected.pathname) {
    return failed(
      `the login route leads to ${origin}${pathname}`,
      'The application runs with another provider than the one looked at.',
    )
  }
  if (searchParams.get('client_id') !== settings.clientID) {
    return failed('the application sends another client_id', 'Start it with the same environment.')
  }
  // A pushed or signed request has it elsewhere.
  const redirectUri = searchParams.get('redirect_uri') ?? settings.callbackURL
  return redirectUri === settings.callbackURL
    ? ok('the login route leads to the provider')
    : failed(
        `the application sends the redirect_uri ${redirectUri}`,
        'Start it with the same callbackURL.',
      )
}

const BEHIND_A_PROXY =
  "Behind a proxy that ends TLS: app.set('trust proxy', 1), and let the proxy send X-Forwarded-Proto: https."

/** Whether the cookie is missing because the proxy in front keeps to itself that it speaks TLS. */
async function checkMissingCookie(
  application: RunningApplication,
  settings: Settings,
  transport: Transport,
): Promise<Verdict> {
  const seen = 'the login route sets no cookie, so no login can be finished'
  const isHttps = isOverTls(application)
  const told = isHttps
    ? await visitLogin(application, settings, transport, { 'x-forwarded-proto': 'https' })
    : undefined
  return told !== undefined && cookiesOf(told).length > 0
    ? failed(
        `${seen}; it does once it is told of TLS`,
        'Let the proxy that ends TLS send X-Forwarded-Proto: https.',
      )
    : failed(
        seen,
        `express-session sends no secure cookie over what it takes for HTTP. ${BEHIND_A_PROXY}`,
      )
}

function isOverTls({ origin }: RunningApplication): boolean {
  return new URL(origin).protocol === 'https:'
}

function checkCookie(all: readonly Cookie[], application: RunningApplication): Verdict {
  const isHttps = isOverTls(application)
  // One that scripts may read is for scripts, such as a CSRF token, where there is another.
  const hidden = all.filter(({ flags }) => flags.has('httponly'))
  const cookies = hidden.length > 0 ? hidden : all
  const strict = cookies.find(({ flags }) => flags.get('samesite') === 'strict')
  if (strict !== undefined) {
    return failed(
      `${strict.name} is SameSite=Strict, and stays behind when the provider sends the browser back`,
      "Use cookie: { sameSite: 'lax' }.",
    )
  }
  const open = cookies.find(({ flags }) => isHttps && !flags.has('secure'))
  if (open !== undefined) {
    return failed(`${open.name} is not Secure`, `Use cookie: { secure: 'auto' }. ${BEHIND_A_PROXY}`)
  }
  const refused = cookies.find(
    ({ flags }) => !flags.has('secure') && flags.get('samesite') === 'none',
  )
  if (refused !== undefined) {
    return failed(
      `${refused.name} is SameSite=None without Secure, which browsers refuse`,
      "Use cookie: { sameSite: 'lax' }, or secure: true besides.",
    )
  }
  const secure = cookies.find(({ flags }) => !isHttps && flags.has('secure'))
  if (secure !== undefined) {
    return failed(
      `${secure.name} is Secure, and ${application.origin} is not HTTPS`,
      "Give APP_URL as browsers see it, or use cookie: { secure: 'auto' }.",
    )
  }
  const names = cookies.map(({ name }) => name).join(', ')
  return hidden.length > 0
    ? ok(names)
    : warning(`${names} is not HttpOnly`, 'Leave cookie.httpOnly on, its default.')
}

interface Cookie {
  readonly name: string
  /** Its attributes, in lower case. */
  readonly flags: ReadonlyMap<string, string>
}

function cookiesOf({ headers }: Answer): readonly Cookie[] {
  return [headers['set-cookie'] ?? []].flat().map(readCookie)
}

function readCookie(line: string): Cookie {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const flags = attributes.map((attribute): [string, string] => {
    const [name = '', value = ''] = attribute.toLowerCase().split('=')
    return [name, value]
  })
  return { name: pair.split('=', 1)[0] ?? '', flags: new Map(flags) }
}
