import express, { Router, type Request, type RequestHandler } from 'express'
import type { AuthorizationCodeStrategy, DefaultUser } from 'passport-authorization-code'
import { loginsPage } from './logins-page.js'
import type { Reports } from './report.js'
import { reportPage } from './report-pages.js'
import { send } from './send.js'

/** `/logins`: where a person is logged in, and how they end that. */
export function loginRoutes(
  strategy: AuthorizationCodeStrategy,
  requireAskara: RequestHandler,
): Router {
  const router = Router()
  router.use(requireAskara, express.urlencoded({ extended: false }))

  router.get('/', async (req, res) => send(res, loginsPage(await strategy.listGrants(req))))

  router.post('/end', async (req, res) => {
    const { grant } = req.body as { readonly grant?: unknown }
    // The grant of somebody else counts as absent, so that a guessed id ends nothing.
    if (typeof grant === 'string') await strategy.endGrant({ account: accountOf(req), grant })
    res.redirect(303, '/logins')
  })

  router.post('/end-others', async (req, res) => {
    await strategy.endGrant({ account: accountOf(req) }, { except: req })
    res.redirect(303, '/logins')
  })
  return router
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

/** The person's account, which names Askara: their id there could be somebody else's at another provider. */
function accountOf(req: Request): string {
  return String((req.user as DefaultUser).account)
}
