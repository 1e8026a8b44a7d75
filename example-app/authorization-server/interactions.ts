import express, { Router } from 'express'
import type Provider from 'oidc-provider'
import { newGrant, type Consents } from './consents.js'
import { pageHeaders } from './page-headers.js'
import { consentPage, loginPage, type ProviderLook } from './pages.js'

/** What the login and consent pages need to know of their provider. */
export interface InteractionsOptions extends ProviderLook {
  readonly provider: Provider
  /** What each scope lets an application do, in words for the consent page. */
  readonly scopes: Readonly<Record<string, string>>
  /** Where the provider remembers what people have allowed. @default it remembers neither them nor that */
  readonly consents?: Consents | undefined
}

const DEFAULT_NAME = 'Ada Lovelace'

/**
 * The pages on which a person logs in and then allows or denies. Without `consents`, both belong to one interaction:
 * nothing is remembered for the next one, so tabs do not meddle with each other. With `consents`, each page is
 * shown only where oidc-provider finds it necessary: the person is logged in already, or has allowed it before.
 */
export function interactions(options: InteractionsOptions): Router {
  const { consents, provider } = options
  const router = Router()
  router.use(express.urlencoded({ extended: false }))

  router.get('/:uid', async (request, response) => {
    const details = await provider.interactionDetails(request, response)
    const name = personOf(details)
    const isConsentDue = name !== undefined && !('switch' in request.query)
    const action = request.originalUrl.split('?')[0] ?? ''
    const page = isConsentDue
      ? consentPage(options, {
          action,
          application: await applicationOf(details.params),
          name,
          scopes: wantedScopes(details.params),
        })
      : loginPage(options, { action, name: details.session?.accountId ?? DEFAULT_NAME })
    // Where consent leads. Browsers hold a form's redirects to `form-action` as well.
    const { origin } = new URL(readField(details.params, 'redirect_uri'))
    pageHeaders([origin])(request, response, () => response.send(page.toString()))
  })

  router.post('/:uid/login', async (request, response) => {
    const accountId = readField(request.body, 'name').trim().slice(0, 80) || DEFAULT_NAME
    const login = { accountId }
    if (consents) return provider.interactionFinished(request, response, { login })
    await provider.interactionResult(request, response, { login })
    response.redirect(303, request.originalUrl.replace(/\/login$/, ''))
  })

  router.post('/:uid/consent', async (request, response) => {
    const details = await provider.interactionDetails(request, response)
    const accountId = personOf(details)
    const isAllowed = readField(request.body, 'decision') === 'allow'
    if (!isAllowed || accountId === undefined) {
      return provider.interactionFinished(request, response, {
        error: 'access_denied',
        error_description: 'The person denied the request',
      })
    }

    const grant = await newGrant(provider, {
      accountId,
      clientId: readField(details.params, 'client_id'),
      scope: readField(details.params, 'scope'),
      resource: readField(details.params, 'resource') || undefined,
    })
    consents?.remember(grant)
    const { login } = details.result ?? {}
    const consent = { grantId: grant.jti }
    return provider.interactionFinished(request, response, { ...(login && { login }), consent })
  })

  return router

  async function applicationOf(params: unknown): Promise<string> {
    const client = await provider.Client.find(readField(params, 'client_id'))
    return client?.clientName ?? 'An application'
  }

  function wantedScopes(params: unknown): string[] {
    const names = readField(params, 'scope').split(' ')
    return names.map((name) => options.scopes[name]).filter((words) => words !== undefined)
  }
}

type Details = Awaited<ReturnType<Provider['interactionDetails']>>

/** Who has said who they are: on the page before, or earlier at a provider that remembers it. */
function personOf({ prompt, result, session }: Details): string | undefined {
  return result?.login?.accountId ?? (prompt.name === 'consent' ? session?.accountId : undefined)
}

function readField(fields: unknown, name: string): string {
  const value: unknown = (fields as Record<string, unknown> | undefined)?.[name]
  return typeof value === 'string' ? value : ''
}
