import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { failed, messageOf, ok, skipped, warning } from './finding.js'
import type { Finding, Verdict } from './finding.js'
import type { Answer, Transport } from '../client/transport.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { Settings } from '../options/read-options.js'

/** What is seen of a request when it has been answered. */
interface Seen {
  readonly request: InspectedRequest
  readonly answer: Answer
}

/** What Express, express-session, cookie-session and Passport add to a request. */
type InspectedRequest = LoginRequest & {
  readonly app?: { get(name: string): unknown }
  readonly sessionStore?: InspectedStore
  /** Of cookie-session. */
  readonly sessionOptions?: unknown
  readonly isAuthenticated?: unknown
}

interface InspectedStore {
  set?: (...given: unknown[]) => unknown
}

/** A page that no application has, beside its login route. */
const NOWHERE = 'passport-authorization-code-doctor'

/**
 * Starts the application on a port of its own, visits its login route, and looks at what its middleware has left on the request:
 * mistakes that nobody sees from outside.
 *
 * @param load resolves to the application
 */
export async function inspectApplication(
  settings: Settings,
  load: () => Promise<RequestListener>,
  loginPath: string,
  transport: Transport,
): Promise<readonly Finding[]> {
  const found = (verdicts: Readonly<Record<string, Verdict>>): readonly Finding[] =>
    Object.entries(verdicts).map(([check, verdict]) => ({ check, ...verdict }))
  let app: RequestListener
  try {
    app = await load()
  } catch (error) {
    return found({ application: failed(messageOf(error), 'Correct APP.') })
  }
  const visited: InspectedRequest[] = []
  const server = createServer((request, response) => {
    visited.push(request)
    app(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  /** Requests a page as a proxy does that ends TLS. */
  async function visit(path: string, cookies: readonly string[] = []): Promise<Seen> {
    const answer = await transport.send({
      method: 'GET',
      url: `http://127.0.0.1:${port}${path}`,
      headers: {
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'x-forwarded-proto': 'https',
        ...(cookies.length > 0 && { cookie: cookies.join('; ') }),
      },
    })
    const request = visited.at(-1)
    if (request === undefined) throw new Error('The application was not asked.')
    return { request, answer }
  }

  try {
    const login = await visit(loginPath)
    const cookies = [login.answer.headers['set-cookie'] ?? []].flat()
    const sent = cookies.map((one) => one.split(';', 1)[0] ?? '')
    const visitElsewhere = (): Promise<Seen> => visit(loginPath.replace(/[^/]*$/, NOWHERE), sent)
    const elsewhere = await visitElsewhere()
    return found({
      session: checkSession(login, elsewhere),
      'session store': checkStore(login),
      proxy: checkProxy(login, settings),
      resave:
        elsewhere.request.sessionID === login.request.sessionID
          ? await checkResave(elsewhere, visitElsewhere)
          : skipped('the login route stores no session'),
    })
  } catch (error) {
    return found({ application: failed(messageOf(error), 'Look at the log of the application.') })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

function checkSession({ request }: Seen, elsewhere: Seen): Verdict {
  if (request.sessionOptions !== undefined && request.sessionStore === undefined) {
    return failed(
      'the sessions are cookie-session’s, which puts what they hold into a cookie',
      'Use express-session with a store: a session has to be ended on the server, and changed by two requests at once.',
    )
  }
  if (request.session === undefined) {
    return failed(
      'the login route has no session',
      'Call app.use(session({ … })) of express-session before authRouter.',
    )
  }
  // Where people log in, Passport handles the requests in any case.
  if (elsewhere.request.isAuthenticated === undefined) {
    return failed(
      'Passport does not handle the requests',
      'Call app.use(passport.session()) after the session and before authRouter.',
    )
  }
  return ok('express-session, and passport.session() after it')
}

function checkStore({ request }: Seen): Verdict {
  const store = request.sessionStore
  if (store === undefined) return skipped('there is none')
  const name = store.constructor.name
  if (name !== 'MemoryStore') return ok(name)
  return request.app?.get('env') === 'production'
    ? failed(
        'MemoryStore in production: everybody is logged out when the process starts again, and its memory grows',
        'Use a store such as connect-redis.',
      )
    : ok('MemoryStore, which is for development: use another one in production')
}

function checkProxy({ request, answer }: Seen, { callbackURL: [first] }: Settings): Verdict {
  const cookie = Object(request.session?.cookie) as { readonly secure?: unknown }
  if (new URL(first).protocol !== 'https:') return skipped('callbackURL is not HTTPS')
  if (answer.headers['set-cookie'] !== undefined || request.session === undefined) {
    return ok('the session has a cookie if a proxy says that the request came by HTTPS')
  }
  return failed(
    `no session cookie is set behind a proxy that ends TLS${cookie.secure === true ? ' (the cookie is secure)' : ''}`,
    "Call app.set('trust proxy', 1), with the number of proxies, so that their X-Forwarded-Proto counts.",
  )
}

/** Whether a session is written by a request that changes nothing in it. */
async function checkResave(
  { request: { sessionStore: store } }: Seen,
  visitAgain: () => Promise<Seen>,
): Promise<Verdict> {
  if (store?.set === undefined) return skipped('there is no session store')
  let writes = 0
  const isOwn = Object.hasOwn(store, 'set')
  const { set } = store
  store.set = (...given) => {
    writes++
    return set.apply(store, given)
  }
  try {
    await visitAgain()
  } finally {
    if (isOwn) store.set = set
    else Reflect.deleteProperty(store, 'set')
  }
  return writes === 0
    ? ok('a request that changes nothing does not write the session')
    : warning(
        'each request writes the session, also one that changes nothing in it',
        'Use resave: false: of two requests at once, the later one would undo what the earlier one has stored.',
      )
}
