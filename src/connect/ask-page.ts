import { htmlPage } from '../passport/html-page.js'
import { loginAddressOf } from './authorization-server.js'
import { shownIn } from './plan.js'
import type { Plan } from './plan.js'

/** The field of the form that says what the page has shown. */
export const SHOWN_FIELD = 'shown'

/** How many scopes the page names. */
const SHOWN_SCOPES = 20

/**
 * Asks the person before they are sent to the authorization server of a resource. Names are what the server calls itself, so the
 * addresses are there too, whose hosts nobody can make up.
 *
 * @param person what people call the user who is logged in
 */
export function askPage(plan: Plan, person?: string): string {
  const { resource, server, scope, present } = plan
  const { host, href } = new URL(resource.resource)
  const { host: login } = loginAddressOf(server)
  const { host: issuer } = new URL(server.issuer)
  const behalf = issuer === login ? '' : `, which ${issuer} has named,`
  const called =
    resource.name === undefined ? '' : `, which calls itself “${unquoted(resource.name)}”`
  const shown = scope.slice(0, SHOWN_SCOPES).join(', ')
  const more = scope.length > SHOWN_SCOPES ? ` and ${scope.length - SHOWN_SCOPES} more` : ''
  return htmlPage(
    `Connect ${host}?`,
    [
      ...(person === undefined ? [] : [`You are logged in to this application as ${person}.`]),
      `If you go on, this application gets access to ${href}${called}.`,
      `You will be sent to ${login}${behalf} to log in and to allow it. Go on only if you know ${login}: that is the address your browser must show when you are asked for a password.`,
      ...(host === login ? [] : [`What you allow at ${login} is given to ${host}.`]),
      scope.length === 0
        ? 'It does not say which permissions it wants.'
        : `It wants these permissions: ${shown}${more}.`,
      ...(present === undefined
        ? []
        : ['You have connected it before. That connection is replaced.']),
      'If you did not expect this question, close this page. Nothing has been changed.',
    ],
    { button: `Go to ${login}`, fields: { [SHOWN_FIELD]: shownIn(plan) } },
  )
}

/** All but letters of all writings, digits, and ASCII without the quotation mark: there are dozens of others. */
const NO_QUOTES = /[\u02b0-\u02ff]|[^\p{L}\p{M}\p{N}\x20\x21\x23-\x7e]/gu

/** What a server calls itself cannot look as if it had ended, and the page went on. */
function unquoted(name: string): string {
  return name.replaceAll(NO_QUOTES, ' ')
}
