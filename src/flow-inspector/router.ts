import { randomBytes } from 'node:crypto'
import express from 'express'
import type { Request, RequestHandler, Response, Router } from 'express'
import { observationOf } from '../diagnostics/observation.js'
import type { Observation } from '../diagnostics/observation.js'
import { ConfigurationError } from '../errors/errors.js'
import { requireKey } from './entry-key.js'
import { flowItem, inspectorPage } from './page.js'
import { createRecorder } from './recorder.js'
import type { Recorder } from './recorder.js'
import { SCRIPT } from './script.js'
import { STYLE } from './style.js'
import { isLocal } from './visitors.js'
import { readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf } from '../options/option-table.js'
import { aFunction, flag, secrets } from '../options/readers.js'
import type { LoginStrategy } from '../passport/login-strategy.js'

/** The options of {@link flowInspector}. The type, the checks, the defaults and the reference are made from this table. */
export const FLOW_INSPECTOR_OPTIONS = {
  /**
   * **WARNING:** shows the page to other machines as well, and through proxies and tunnels. Everybody who has the address
   * with the key sees who logs in and when, and the requests of this application to its provider.
   *
   * @default false
   */
  dangerouslyAllowRemote: { read: flag, default: false },

  /**
   * Opens the page, as `?key=` of its address: at least 32 characters. Set one if the address is to stay the same when
   * the application starts again, or if several processes serve it.
   *
   * @default a random one for each start
   */
  key: { read: secret },

  /**
   * Receives the line with the address and the key, once: when somebody opens the page without the key.
   *
   * @default writes it to the terminal (standard error)
   */
  print: {
    read: aFunction<(line: string) => void>(),
    default: (line: string) => void process.stderr.write(`${line}\n`),
  },
} as const satisfies OptionTable

function secret(value: string, name: string): string {
  return secrets(value, name)[0] ?? ''
}

/** The options of {@link flowInspector}. All can be left out. */
export type FlowInspectorOptions = OptionsOf<typeof FLOW_INSPECTOR_OPTIONS>

/**
 * Creates a router with a page for development. The page draws each login, renewal and logout of the strategies, as
 * it happens, as a sequence diagram between browser, app, provider and session store.
 *
 * All parameters are shown, secrets as a short hash. The newest 50 flows of this process are kept in memory. Requests
 * of `strategy.fetch` to an API are not drawn, but the renewals that they cause are.
 *
 * The page opens only with a key, and only on this machine. Open it without the key, and the terminal shows the address
 * with the key, `http://localhost:3000/flow?key=…`; open that once, and the browser keeps the key in a cookie. Other
 * requests are answered with 403, and so are those of other machines and those with headers of a proxy or a tunnel. A
 * proxy may hide that it is one: the key keeps out who comes through it.
 *
 * @example
 * ```ts
 * import { flowInspector } from 'passport-authorization-code/flow-inspector'
 *
 * if (process.env['NODE_ENV'] !== 'production') {
 *   app.use('/flow', flowInspector(strategy))
 * }
 * ```
 *
 * @param strategies one strategy, or a list of several
 * @throws {ConfigurationError} if `NODE_ENV` is `production`, a strategy is not one of this library, or an option is
 * unknown. If only the setting `env` of the Express application is `production`, each page passes the error to the
 * error handlers instead.
 */
export function flowInspector(
  strategies: LoginStrategy | readonly LoginStrategy[],
  options: FlowInspectorOptions = {},
): Router {
  const {
    dangerouslyAllowRemote,
    key = randomBytes(32).toString('base64url'),
    print,
  } = readTable(
    FLOW_INSPECTOR_OPTIONS,
    options,
    'flowInspector(strategy, { dangerouslyAllowRemote: true })',
  )
  if (process.env['NODE_ENV'] === 'production') throw isForDevelopment('NODE_ENV')
  const list = [strategies].flat()
  const recorder = createRecorder()
  for (const observation of list.map(observationOfStrategy))
    observation.observers.add(recorder.observe)

  const router = express.Router()
  router.use(
    refuseProduction,
    securityHeaders,
    dangerouslyAllowRemote ? (_req, _res, next) => next() : localOnly,
    requireKey({ key, print }),
  )
  router.get('/', (req, res) => {
    const names = list.map(({ name }) => name)
    const page = { mount: req.baseUrl, strategies: names, flows: recorder.flows() }
    res.type('html').send(inspectorPage(page))
  })
  router.get('/events', (req, res) => streamFlows(req, res, recorder))
  router.get('/style.css', (_req, res) => void res.type('css').send(STYLE))
  router.get('/script.js', (_req, res) => void res.type('js').send(SCRIPT))
  return router
}

/** The strategy's observation. @throws {ConfigurationError} if it is not a strategy of this library */
function observationOfStrategy(strategy: LoginStrategy): Observation {
  const observation = observationOf(strategy)
  if (observation === undefined) {
    throw new ConfigurationError(
      'flowInspector takes an AuthorizationCodeStrategy, or a list of them.',
    )
  }
  return observation
}

/** The error for a process or an application in production. @param setting the setting that says so */
function isForDevelopment(setting: string): ConfigurationError {
  return new ConfigurationError(
    `The flow inspector is for development only, and ${setting} is production. Mount it only if it is not.`,
  )
}

/** Refuses requests if the Express setting `env` is production. An application can set it without `NODE_ENV`. */
const refuseProduction: RequestHandler = (req, _res, next) => {
  if (req.app.get('env') === 'production')
    next(isForDevelopment('the setting env of this application'))
  else next()
}

/** Keeps the page out of caches and frames, and allows it only its own script and style. */
const securityHeaders: RequestHandler = (_req, res, next) => {
  res.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy':
      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  })
  next()
}

/** Refuses requests from other machines. */
const localOnly: RequestHandler = (req, res, next) => {
  if (isLocal(req)) next()
  else {
    res.status(403).type('text')
    res.send(
      'The flow inspector can be opened only on this machine: use localhost, without a proxy or a tunnel, or set dangerouslyAllowRemote.\n',
    )
  }
}

/** How often a comment is sent, in **milliseconds**, so that an idle connection is not closed on the way. */
const HEARTBEAT_MS = 15_000

/** For how long changes are collected before they are sent together, in **milliseconds**. */
const BATCH_MS = 25

/** How much may wait for a page that does not read, in **bytes**. Beyond that, the connection is closed, and the page connects again. */
const MAXIMUM_BACKLOG_BYTES = 4_000_000

/**
 * Sends all flows as a server-sent event, and then those that change. Each event has the ids of all recorded flows,
 * so that the page can remove the others.
 *
 * @see [HTML, Server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html)
 */
function streamFlows(_req: Request, res: Response, recorder: Recorder): void {
  // A response that has been closed emits no further 'close'.
  if (res.destroyed) return
  res.set('Content-Type', 'text/event-stream').flushHeaders()
  const changed = new Set(recorder.flows().map(({ id }) => id))
  const write = (text: string): void => {
    // The application may have ended the response, and `close` comes only after everything has been sent.
    if (!res.writableEnded) res.write(text)
  }
  const send = (): void => {
    const flows = recorder.flows()
    // The oldest first, so that the page can put each before the others.
    const items = flows.filter(({ id }) => changed.has(id)).map(flowItem)
    const data = { ids: flows.map(({ id }) => id), items: items.reverse() }
    changed.clear()
    if (res.writableLength > MAXIMUM_BACKLOG_BYTES) res.destroy()
    else write(`event: flows\ndata: ${JSON.stringify(data)}\n\n`)
  }
  let batch: NodeJS.Timeout | undefined
  const stop = recorder.onChange((id) => {
    if (changed.size === 0) batch = setTimeout(send, BATCH_MS)
    changed.add(id)
  })
  const heartbeat = setInterval(() => write(':\n\n'), HEARTBEAT_MS).unref()
  res.on('close', () => {
    stop()
    clearTimeout(batch)
    clearInterval(heartbeat)
  })
  send()
}
