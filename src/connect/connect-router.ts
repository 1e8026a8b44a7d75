import express from 'express'
import type { Request, RequestHandler, Response, Router } from 'express'
import { CrossSiteRequestError, LoginRequiredError } from '../errors/login-errors.js'
import { readQuery } from '../endpoints/authorization-response.js'
import { isFromOtherOrigin, isSeen } from '../lib/other-origin.js'
import { sameOriginPath } from '../lib/same-origin-path.js'
import type { FailureInfo, LoginInfo } from '../login/login-outcome.js'
import { asyncHandler, errorHandler } from '../passport/async-handler.js'
import type { Reply } from '../passport/async-handler.js'
import { onlyVisits } from '../passport/answer-unseen.js'
import { askForLogin } from '../passport/ask-for-login.js'
import { authenticate } from '../passport/authenticate.js'
import { ASK_HEADERS } from '../passport/connect-page.js'
import { isLoggedIn } from '../passport/login-checks.js'
import { personOn } from '../passport/person-on.js'
import { refusedLoginPage } from '../passport/refused-login-page.js'
import { checkCallbackPath, notCached, readForm } from '../passport/route-handlers.js'
import { refuseTwoSessions } from '../session/session-cookies.js'
import { strategyOfCallback } from './callback-strategy.js'
import { askPage, SHOWN_FIELD } from './ask-page.js'
import type { CallbackURLs } from './callback-urls.js'
import { clientMetadata } from './client-registration.js'
import type { ConnectSettings } from './connect-options.js'
import type { ConnectedStrategy } from './connected-strategy.js'
import type { FinishConnection, StartConnection } from './connecting.js'
import { shownIn } from './plan.js'
import type { Plan, Planning } from './plan.js'
import { readResourceAddress } from './resource-address.js'

/** What the routes need. */
export interface ConnectRouterParts {
  readonly settings: ConnectSettings
  readonly urls: CallbackURLs
  readonly planning: Planning
  readonly start: StartConnection
  readonly finish: FinishConnection
  readonly strategyOf: (target: string) => Promise<ConnectedStrategy | undefined>
  readonly disconnect: (account: string, address: URL) => Promise<boolean>
  /** The account of who is logged in. @throws {ConfigurationError} if the user has none */
  readonly accountOn: (req: Request) => string
}

/** What identifies a server in the addresses of the routes. */
const SERVER_ID = /^[\w-]{22}$/

/** The routes by which people connect and disconnect resources. */
export function createConnectRouter(parts: ConnectRouterParts): Router {
  const { settings, urls, planning, start, accountOn } = parts
  const router = express.Router()
  const checkMount = checkCallbackPath(
    settings.callbackURL,
    (path, here) =>
      `callbackURL has the path ${path}, and connections.router takes callbacks at ${here}: mount it where callbackURL leads.`,
  )
  const before = [notCached, onlyVisits, checkMount, needsLogin(settings)]

  /** Shows the person what would happen. */
  const asking = (res: Response, plan: Plan, person?: string): Reply => {
    return () => res.set(ASK_HEADERS).send(askPage(plan, person))
  }

  router.get(
    '/login',
    before,
    asyncHandler(async (req, res) => {
      // An image of another site would have servers looked at in the name of the person.
      if (isFromOtherOrigin(req) && !isSeen(req)) throw new CrossSiteRequestError()
      await refuseTwoSessions(req)
      const plan = await planning.plan(accountOn(req), addressOn(req, settings))
      return asking(res, plan, await personOn(req, settings.sessionUser))
    }),
  )

  router.post(
    '/login',
    before,
    readForm(),
    asyncHandler(async (req, res) => {
      if (isFromOtherOrigin(req)) throw new CrossSiteRequestError()
      const plan = await planning.plan(accountOn(req), addressOn(req, settings))
      // The servers may say something else now than what the person has seen.
      if (valueOn(req, SHOWN_FIELD) !== shownIn(plan)) {
        return asking(res, plan, await personOn(req, settings.sessionUser))
      }
      const begin = await start(plan)
      return (next) => begin(req, res, next)
    }),
  )

  const callback = callbackHandler(parts)
  for (const path of ['/callback', '/callback/:server']) {
    router.get(path, notCached, onlyVisits, callback)
    router.post(path, notCached, readForm(), callback)
  }

  router.post(
    '/disconnect',
    notCached,
    readForm(),
    needsLogin(settings),
    asyncHandler(async (req, res) => {
      if (isFromOtherOrigin(req)) throw new CrossSiteRequestError()
      await parts.disconnect(accountOn(req), addressOn(req, settings))
      const goal = sameOriginPath(valueOn(req, 'return_to')) ?? settings.successRedirect
      return () => res.redirect(303, goal)
    }),
  )

  // No login before this one: authorization servers read it.
  router.get('/client/:server', (req, res, next) => {
    if (!SERVER_ID.test(req.params.server)) {
      next()
      return
    }
    const { callback: redirectUri, document } = urls.ofId(req.params.server)
    const metadata = clientMetadata(settings.client, redirectUri, 'none')
    res.set('Cache-Control', 'public, max-age=300')
    res.json({ client_id: document, ...metadata })
  })

  router.use(errorHandler(settings.onError))
  return router
}

/** `GET` and `POST /callback`: finishes what was started, with the strategy that has started it. */
function callbackHandler(parts: ConnectRouterParts): RequestHandler {
  const { settings, finish, accountOn } = parts
  const options = {
    step: 'finish',
    successRedirect: settings.successRedirect,
    assignProperty: 'account',
  } as const
  return asyncHandler(async (req, res) => {
    const strategy = await strategyOfCallback(req, parts)
    const { user, info } = await authenticate(strategy, options, req, res)
    if (!user) {
      const page = refusedLoginPage(info as FailureInfo, req, settings.successRedirect)
      return () => res.status(403).send(page)
    }
    const { appState, returnTo } = info as LoginInfo
    await finish(accountOn(req), appState)
    return () => res.redirect(returnTo ?? settings.successRedirect)
  })
}

/** Lets only people pass who are logged in. The others log in first, and come back. */
function needsLogin({ loginPath }: ConnectSettings): RequestHandler {
  return asyncHandler(async (req, res): Promise<Reply> => {
    if (await isLoggedIn(req, undefined, 'connectResources')) return 'next'
    if (loginPath === undefined) throw new LoginRequiredError('not_logged_in')
    return askForLogin(loginPath, req, res)
  })
}

/** @throws {NotConnectableError} if it is no address that can be connected */
function addressOn(req: Request, { dangerouslyAllowPrivateNetwork }: ConnectSettings): URL {
  return readResourceAddress(valueOn(req, 'resource'), dangerouslyAllowPrivateNetwork)
}

/** A field of the form, or a parameter of the query. */
function valueOn(req: Request, name: string): string | undefined {
  const field = (Object(req.body) as Readonly<Record<string, unknown>>)[name]
  return typeof field === 'string' ? field : (readQuery(req).get(name) ?? undefined)
}
