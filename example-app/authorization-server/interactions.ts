import express, { Router, type RequestHandler } from 'express'
import helmet from 'helmet'
import type Provider from 'oidc-provider'
import { consentPage, loginPage, type ProviderLook } from './pages.js'

/** What the login and consent pages need to know of their provider. */
export interface InteractionsOptions extends ProviderLook {
  readonly provider: Provider
  /** What each scope lets an application do, in words for the consent page. */
  readonly scopes: Readonly<Record<string, string>>
  /** Where consent may lead. Browsers hold a form's redirects to `form-action` as well. */
  readonly callbackOrigins: readonly string[]
}

const DEFAULT_NAME = 'Ada Lovelace'

/**
 * The pages on which a person logs in and then allows or denies. Both belong to one interaction:
 * nothing is remembered for the next one, so tabs do not meddle with each other.
 */
export function interactions(options: InteractionsOptions): Router {
  const { provider } = options
  const router = Router()
  router.use(pageHeaders(options.callbackOrigins), express.urlencoded({ extended: false }))

  router.get('/:uid', async (request, response) => {
    const { params, result } = await provider.interactionDetails(request, response)
    const name = result?.login?.accountId
    const isConsentDue = name !== undefined && !('switch' in request.query)
    const page = isConsentDue
      ? consentPage(options, { action: request.originalUrl, name, scopes: wantedScopes(params) })
      : loginPage(options, { action: request.originalUrl.split('?')[0] ?? '', name: DEFAULT_NAME })
    response.send(page.toString())
  })

  router.post('/:uid/login', async (request, response) => {
    const accountId = readField(request.body, 'name').trim().slice(0, 80) || DEFAULT_NAME
    await provider.interactionResult(request, response, { login: { accountId } })
    response.redirect(303, request.originalUrl.replace(/\/login$/, ''))
  })

  router.post('/:uid/consent', async (request, response) => {
    const { params, result } = await provider.interactionDetails(request, response)
    const isAllowed = readField(request.body, 'decision') === 'allow'
    if (!isAllowed || result?.login === undefined) {
      return provider.interactionFinished(request, response, {
        error: 'access_denied',
        error_description: 'The person denied the request',
      })
    }

    const grant = new provider.Grant({
      accountId: result.login.accountId,
      clientId: readField(params, 'client_id'),
    })
    grant.addOIDCScope(readField(params, 'scope'))
    const consent = { grantId: await grant.save() }
    return provider.interactionFinished(request, response, { login: result.login, consent })
  })

  return router

  function wantedScopes(params: unknown): string[] {
    const names = readField(params, 'scope').split(' ')
    return names.map((name) => options.scopes[name]).filter((words) => words !== undefined)
  }
}

function readField(fields: unknown, name: string): string {
  const value: unknown = (fields as Record<string, unknown> | undefined)?.[name]
  return typeof value === 'string' ? value : ''
}

/** Headers for pages of ours: nothing but our own style, and nobody's frame. */
export function pageHeaders(callbackOrigins: readonly string[]): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'", ...callbackOrigins],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: false,
  })
}
