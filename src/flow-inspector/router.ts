import express from 'express'
import type { Request, RequestHandler, Response, Router } from 'express'
import { observationOf } from '../diagnostics/observation.js'
import type { Observation } from '../diagnostics/observation.js'
import { ConfigurationError } from '../errors/errors.js'
import { flowItem, inspectorPage } from './page.js'
import { createRecorder } from './recorder.js'
import type { Recorder } from './recorder.js'
import { SCRIPT } from './script.js'
import { STYLE } from './style.js'
import { isLocal } from './visitors.js'
import { readTable } from '../options/option-table.js'
import type { OptionsOf, OptionTable } from '../options/option-table.js'
import { flag } from '../options/readers.js'
import type { AuthorizationCodeStrategy } from '../passport/strategy.js'

export const FLOW_INSPECTOR_OPTIONS = {
  /**
   * Shows the page to other machines as well. **WARNING:** whoever can reach it sees who logs in when, and
   * how this application talks to its provider.
   *
   * @default false
   */
  dangerouslyAllowRemote: { read: flag, default: false },
} as const satisfies OptionTable

/** The options of {@link flowInspector}. */
export type FlowInspectorOptions = OptionsOf<typeof FLOW_INSPECTOR_OPTIONS>

/**
 * A page for development that draws each login, renewal and logout of these strategies as a sequence diagram
 * between browser, app, provider and session store, as it happens: `app.use('/flow', flowInspector(strategy))`.
 *
 * Every parameter is there; what is secret, as a short hash. The last 50 flows of this process are kept in
 * memory. Answers to this machine only, by a loopback address and name, and to no proxy. The application's own
 * requests by `strategy.fetch` are not drawn, but the renewals they cause are.
 *
 * @throws {ConfigurationError} where NODE_ENV is `production`, and naming the option that is unknown; where only
 *   the application's setting `env` is `production`, its error handler gets it instead of each page
 */
export function flowInspector(
  strategies: AuthorizationCodeStrategy | readonly AuthorizationCodeStrategy[],
  options: FlowInspectorOptions = {},
): Router {
  const { dangerouslyAllowRemote } = readTable(
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
    protect,
    dangerouslyAllowRemote ? (_req, _res, next) => next() : localOnly,
  )
  router.get('/', (req, res) => {
    const names = list.map(({ name }) => name)
    const page = { mount: req.baseUrl, strategies: names, flows: recorder.flows() }
    res.type('html').send(inspectorPage(page))
  })
  router.get('/events', (req, res) => follow(req, res, recorder))
  router.get('/style.css', (_req, res) => void res.type('css').send(STYLE))
  router.get('/script.js', (_req, res) => void res.type('js').send(SCRIPT))
  return router
}

function observationOfStrategy(strategy: AuthorizationCodeStrategy): Observation {
  const observation = observationOf(strategy)
  if (observation === undefined) {
    throw new ConfigurationError(
      'flowInspector takes an AuthorizationCodeStrategy, or a list of them.',
    )
  }
  return observation
}

function isForDevelopment(setting: string): ConfigurationError {
  return new ConfigurationError(
    `The flow inspector is for development, and ${setting} is production. Mount it only where it is not.`,
  )
}

/** An application can say by its own setting that it is in production. */
const refuseProduction: RequestHandler = (req, _res, next) => {
  if (req.app.get('env') === 'production')
    next(isForDevelopment('the setting env of this application'))
  else next()
}

const protect: RequestHandler = (_req, res, next) => {
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

const localOnly: RequestHandler = (req, res, next) => {
  if (isLocal(req)) next()
  else {
    res.status(403).type('text')
    res.send(
      'The flow inspector answers to this machine only: open it as localhost, without a proxy or a tunnel, or set dangerouslyAllowRemote.\n',
    )
  }
}

/** How often a silent connection is shown to be alive, in **milliseconds**. */
const HEARTBEAT_MS = 15_000

/** What happens within this time is sent together, in **milliseconds**. */
const PAUSE_MS = 25

/** How much may wait for a page that does not read, in **bytes**; then its connection ends, and it asks again. */
const MAXIMUM_BACKLOG_BYTES = 4_000_000

/**
 * Sends the flows now, and later those that have changed, with the ids of all that are still remembered.
 *
 * @see [HTML, Server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html)
 */
function follow(_req: Request, res: Response, recorder: Recorder): void {
  // A response that has been closed emits no further 'close'.
  if (res.destroyed) return
  res.set('Content-Type', 'text/event-stream').flushHeaders()
  const changed = new Set(recorder.flows().map(({ id }) => id))
  const write = (text: string): void => {
    // The application may have ended the response, while what it has sent is still under way.
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
  let pause: NodeJS.Timeout | undefined
  const stop = recorder.onChange((id) => {
    if (changed.size === 0) pause = setTimeout(send, PAUSE_MS)
    changed.add(id)
  })
  const heartbeat = setInterval(() => write(':\n\n'), HEARTBEAT_MS).unref()
  res.on('close', () => {
    stop()
    clearTimeout(pause)
    clearInterval(heartbeat)
  })
  send()
}
