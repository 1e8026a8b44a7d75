import express, { Router, type RequestHandler } from 'express'
import { requireLogin } from 'passport-authorization-code'
import { loginsPage } from './logins-page.js'
import type { Providers } from './providers.js'
import type { Reports } from './report.js'
import { reportPage } from './report-pages.js'
import { send } from './send.js'
import { providerOfVisitor, visitorOf } from './visitor.js'

/** `/logins`: where a person is logged in, and all ways to end that. */
export function loginRoutes(providers: Providers): Router {
  const router = Router()
  router.use(requireAnyLogin(providers), express.urlencoded({ extended: false }))

  router.get('/', async (req, res) => {
    const { strategy } = providerOfVisitor(req, providers)
    const { account, provider = 'askara' } = visitorOf(req) ?? {}
    // Of somebody without an account there is nothing to list.
    const logins = account === undefined ? undefined : await strategy.listGrants(req)
    const logoutURL = provider === 'openid' ? providers.openid?.logoutURL : undefined
    send(res, loginsPage({ provider, logins, logoutURL }))
  })

  router.post('/end', async (req, res) => {
    const { grant } = req.body as { readonly grant?: unknown }
    const account = visitorOf(req)?.account
    // The grant of somebody else counts as absent, so that a guessed id ends nothing.
    if (typeof grant === 'string' && account !== undefined) {
      await providerOfVisitor(req, providers).strategy.endGrant({ account, grant })
    }
    res.redirect(303, '/logins')
  })

  router.post('/end-others', async (req, res) => {
    await endOthers(req)
    res.redirect(303, '/logins')
  })

  router.post('/end-all', async (req, res) => {
    await endOthers(req)
    await providerOfVisitor(req, providers).strategy.logOut(req)
    res.redirect(303, '/')
  })

  router.post('/end-here', async (req, res) => {
    // What this resolves to would log the person out at the provider as well: nobody goes there.
    await providerOfVisitor(req, providers).strategy.logOut(req)
    res.redirect(303, '/')
  })
  return router

  async function endOthers(req: express.Request): Promise<void> {
    const account = visitorOf(req)?.account
    if (account === undefined) return
    await providerOfVisitor(req, providers).strategy.endGrant({ account }, { except: req })
  }
}

/** Lets those pass who are logged in, with whatever provider, and sends all others to the login page of Askara. */
export function requireAnyLogin(providers: Providers): RequestHandler {
  const { askara, jiko, openid } = providers
  const guards = new Map(
    [askara, jiko, ...(openid ? [openid] : [])].map(({ strategy }) => {
      const loginPath = `/${strategy.name}/login`
      return [strategy, requireLogin({ loginPath, strategy })] as const
    }),
  )
  return (req, res, next) =>
    guards.get(providerOfVisitor(req, providers).strategy)?.(req, res, next)
}

/** `/report`: what the nightly report has found, and whether it may. */
export function reportRoutes(reports: Reports, requireAskara: RequestHandler): Router {
  const router = Router()
  router.use(requireAskara)

  router.get('/', async (req, res) => {
    const account = accountOf(req)
    const [isAllowed, last] = await Promise.all([reports.isAllowed(account), reports.last()])
    send(res, reportPage({ account, isAllowed, last }))
  })

  router.post('/run', async (_req, res) => {
    await reports.run()
    res.redirect(303, '/report')
  })

  router.post('/take-back', async (req, res) => {
    await reports.takeBack(accountOf(req))
    res.redirect(303, '/report')
  })
  return router
}

/** The account of a person who is known to have logged in with Askara. */
function accountOf(req: express.Request): string {
  return String(visitorOf(req)?.account)
}
