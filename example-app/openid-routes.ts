import { promisify } from 'node:util'
import { Router } from 'express'
import { requireLogin, silentLogin } from 'passport-authorization-code'
import { readAnswer } from './errors.js'
import { newsPage, paymentsPage } from './openid-pages.js'
import type { OpenIdProvider } from './providers.js'
import { ownFormsOnly } from './security.js'
import { send } from './send.js'
import { visitorOf } from './visitor.js'

/** How old the login at the provider may be on the page of payments, in **seconds**. */
const MAX_AGE_SECONDS = 300

/** How long after a silent attempt the next one is made, in **seconds**. So short that it can be tried out; the default is five minutes. */
const RETRY_AFTER_SECONDS = 5

/** The pages that show what needs an OpenID provider: silent login on `/news`, and step-up on `/payments`. */
export function openIdRoutes({ strategy, paymentsURL }: OpenIdProvider): Router {
  const router = Router()

  // Only this page, and not the start page: whoever came to log in is led nowhere else before.
  router.get(
    '/news',
    silentLogin({ strategy, retryAfterSeconds: RETRY_AFTER_SECONDS }),
    (req, res) => send(res, newsPage(visitorOf(req))),
  )

  router.post('/news/forget', ownFormsOnly, async (req, res) => {
    await promisify(req.session.destroy.bind(req.session))()
    // Not to the news: they would lead to the provider, and `form-action` lets no form of ours lead there.
    res.redirect(303, '/')
  })

  const stepUp = { scope: 'payments', maxAgeSeconds: MAX_AGE_SECONDS }
  router.get(
    '/payments',
    requireLogin({ strategy, loginPath: '/openid/login', ...stepUp }),
    async (req, res) => {
      const payments = await readAnswer(strategy.fetch(req, paymentsURL))
      send(res, paymentsPage(payments, MAX_AGE_SECONDS))
    },
  )
  return router
}
