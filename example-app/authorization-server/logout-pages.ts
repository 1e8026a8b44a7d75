import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { Html } from '../html.js'
import { pageHeaders } from './page-headers.js'
import { loggedOutPage, logoutPage } from './pages.js'
import type { TenantDefinition } from './tenant-definition.js'

type LogoutFeature = NonNullable<NonNullable<Configuration['features']>['rpInitiatedLogout']>

/** The pages on which a person logs out of the provider. Their form may lead back to the client. */
export function logoutPages(definition: TenantDefinition): LogoutFeature {
  const clientURLs = definition.client?.post_logout_redirect_uris ?? []
  const headers = pageHeaders(clientURLs.map((url) => new URL(url).origin))

  function send(context: KoaContextWithOIDC, page: Html): void {
    // Sets them at once.
    headers(context.req, context.res, () => undefined)
    context.type = 'html'
    context.body = page.toString()
  }

  return {
    enabled: true,
    logoutSource: (context, form) => send(context, logoutPage(definition, readForm(form))),
    postLogoutSuccessSource: (context) => send(context, loggedOutPage(definition)),
  }
}

/** oidc-provider hands over its form as HTML, without buttons. */
function readForm(form: string) {
  const attribute = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(form)?.[1] ?? ''
  return { action: attribute('action'), secret: attribute('value') }
}
