import { failed, messageOf, ok, warning } from './finding.js'
import type { Verdict } from './finding.js'
import { cureFor, jsonIn, refusedPage } from './refused-page.js'
import { TransportError } from '../client/transport.js'
import type { Answer, Transport } from '../client/transport.js'
import { readAuthorizationError } from '../endpoints/authorization-error.js'
import type { OAuthErrorFacts } from '../errors/error-entry.js'
import type { ProviderError } from '../errors/errors.js'
import { fixForNetworkCode } from '../errors/network-errors.js'
import { authorizationErrorFrom } from '../errors/oauth-errors.js'
import type { Settings } from '../options/read-options.js'

/**
 * Checks that the provider takes the authorization request of a login, by sending one as a browser would that nobody is
 * logged in with. No redirect is followed.
 *
 * A provider that takes it shows a login page or redirects to one. One that does not says why to the callback, or on a page
 * of its own if the client or its `redirect_uri` is wrong.
 *
 * @param startLogin resolves to the address where a login would send the browser
 * @see [RFC 6749, section 4.1.2.1 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2.1)
 */
export async function checkAuthorization(
  settings: Settings,
  startLogin: () => Promise<string>,
  transport: Transport,
): Promise<Verdict> {
  let url: string
  try {
    url = await startLogin()
  } catch (error) {
    return notStarted(error, settings)
  }
  try {
    const answer = await transport.send({ method: 'GET', url, headers: { accept: 'text/html' } })
    return verdictOn(answer, new URL(url), settings)
  } catch (error) {
    const code = error instanceof TransportError ? error.networkCode : ''
    const seen = `${new URL(url).host} cannot be reached: ${messageOf(error)}`
    return failed(seen, fixForNetworkCode(code))
  }
}

/** Only a request that is pushed can fail before the browser leaves. */
function notStarted(error: unknown, { callbackURL: [redirectUri] }: Settings): Verdict {
  const { error: code, errorDescription } = error as Partial<ProviderError>
  if (code === undefined) return failed(messageOf(error), 'Correct what it names.')
  const words = inWords({ error: code, errorDescription })
  return failed(`the provider refuses the pushed request: ${words}`, cureFor(words, redirectUri))
}

function inWords({ error = 'an error', errorDescription }: OAuthErrorFacts): string {
  return errorDescription === undefined ? error : `${error} (${errorDescription})`
}

function verdictOn(answer: Answer, url: URL, settings: Settings): Verdict {
  const { status } = answer
  const [redirectUri] = settings.callbackURL
  const response = responseIn(answer, url, settings)
  const error = response && readAuthorizationError(response.parameters)
  if (error !== undefined) return verdictOnError(error, redirectUri)
  if (response?.isHidden === true) {
    return failed(
      'the provider answers in the fragment of the callback URL, which no server sees',
      'Remove response_mode from authorizationParameters, or set it to query or form_post.',
    )
  }
  if (status === 429 || status >= 500) {
    return warning(`the provider answers HTTP ${status}`, 'Run the check again later.')
  }
  if (status === 404 || status === 405) {
    return failed(
      `there is no authorization endpoint (HTTP ${status})`,
      'Check the authorizationURL.',
    )
  }
  const refused = refusedPage(answer, url, redirectUri)
  if (refused !== undefined) return failed(refused.seen, refused.cure)
  return ok(
    response === undefined
      ? 'the provider takes the request, and asks the person to log in'
      : 'the provider takes the request',
  )
}

/** An authorization response. */
interface SentResponse {
  readonly parameters: URLSearchParams
  /** Whether only a script could read it. */
  readonly isHidden: boolean
}

/** What the provider sends to the callback without asking anybody; `undefined` if it sends nothing there. */
function responseIn(answer: Answer, url: URL, { callbackURL }: Settings): SentResponse | undefined {
  const form = callbackURL.map((one) => formTo(one, answer.text)).find((one) => one !== undefined)
  if (form !== undefined) return { parameters: opened(form), isHidden: false }
  const location = String(answer.headers['location'] ?? '')
  if (!URL.canParse(location, url.href)) return undefined
  const { origin, pathname, searchParams, hash } = new URL(location, url.href)
  const isCallback = callbackURL.some((one) => {
    const callback = new URL(one)
    return callback.origin === origin && callback.pathname === pathname
  })
  if (!isCallback) return undefined
  const fragment = new URLSearchParams(hash.slice(1))
  const isHidden = ['code', 'error', 'response'].some((name) => fragment.has(name))
  return { parameters: opened(isHidden ? fragment : searchParams), isHidden }
}

/**
 * The fields of a form that posts itself to the callback, as with `response_mode=form_post`.
 *
 * @see [OAuth 2.0 Form Post Response Mode](https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html)
 */
function formTo(callbackURL: string, page: string): URLSearchParams | undefined {
  const tags = page.match(/<(?:form|input)\b[^<>]{0,2000}>/gi)?.map(unescaped) ?? []
  if (!tags.some((tag) => /^<form/i.test(tag) && attribute(tag, 'action') === callbackURL)) {
    return undefined
  }
  const fields = tags.map((tag): [string, string] => [
    attribute(tag, 'name') ?? '',
    attribute(tag, 'value') ?? '',
  ])
  return new URLSearchParams(fields)
}

function attribute(tag: string, name: string): string | undefined {
  const [, double, single] = new RegExp(`\\b${name}=(?:"([^"]*)"|'([^']*)')`, 'i').exec(tag) ?? []
  return double ?? single
}

/** The characters that pages escape in addresses and values. */
function unescaped(html: string): string {
  return html
    .replace(/&#x([\da-f]{1,5});/gi, (_, digits: string) =>
      String.fromCodePoint(parseInt(digits, 16)),
    )
    .replace(/&#(\d{1,6});/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replaceAll('&amp;', '&')
}

/**
 * The parameters in a signed response, whose signature nobody relies on here.
 *
 * @see [JARM, section 2.1 - The JWT Response Document](https://openid.net/specs/oauth-v2-jarm-final.html#section-2.1)
 */
function opened(parameters: URLSearchParams): URLSearchParams {
  const [, payload = ''] = parameters.get('response')?.split('.') ?? []
  const claims = jsonIn(Buffer.from(payload, 'base64url').toString())
  const texts = Object.entries(claims).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as [string, string]] : [],
  )
  return texts.length === 0 ? parameters : new URLSearchParams(texts)
}

function verdictOnError(facts: OAuthErrorFacts, redirectUri: string): Verdict {
  const known = authorizationErrorFrom(facts)
  // It says only that somebody has to log in, or has not allowed it.
  if (known?.status === 'refused')
    return ok(`the provider takes the request, and answers ${inWords(facts)}`)
  const words = inWords(facts)
  const seen = `the provider refuses the authorization request: ${words}`
  return known?.retryable ? warning(seen, known.fix) : failed(seen, cureFor(words, redirectUri))
}
