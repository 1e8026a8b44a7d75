import { isObject } from '../client/answer.js'
import type { Answer } from '../client/transport.js'
import { parsedJson } from '../lib/parsed-json.js'
import { authorizationErrorFrom } from '../errors/oauth-errors.js'

/** Why the provider shows a page of its own instead of a login. */
export interface RefusedPage {
  readonly seen: string
  readonly cure: string
}

/** The longest text that is quoted, in characters. It is searched many times before it is printed. */
const QUOTED_LENGTH = 200

/**
 * Finds out whether a provider refuses an authorization request on a page of its own, which it must do if the client or its
 * `redirect_uri` is wrong: with a status of 400 and more, or with a redirect to a page whose address has an `error`, as
 * Auth0, Hydra and Google do, or with Entra's error code on a page that has the status 200.
 *
 * @see [RFC 6749, section 4.1.2.1 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2.1)
 */
export function refusedPage(
  answer: Answer,
  url: URL,
  redirectUri: string,
): RefusedPage | undefined {
  const { status } = answer
  const words = status < 400 ? (errorInAddress(answer, url) ?? entraError(answer)) : wordsOf(answer)
  if (words === undefined) return undefined
  const page = status < 400 ? 'a page' : `HTTP ${status}`
  return {
    seen: `the provider refuses the authorization request with ${page}${words === '' ? '' : `: ${words}`}`,
    cure: cureFor(words, redirectUri),
  }
}

/** An error code among other words. It begins where a word does: whatever the length of the words, they are read once. */
const CODE = /(?<![a-z])[a-z]+(?:_[a-z]+)+/i

/** What to do about a refusal, by what providers write about it. The first one counts. */
const CURES: readonly (readonly [said: RegExp, cure: (redirectUri: string) => string])[] = [
  [/redirect[_ -]?ur[il]|AADSTS50011\b/i, (redirectUri) => register(redirectUri)],
  [
    /\bpushed\b|\bPAR\b/i,
    () =>
      'Push the requests: set pushedAuthorizationRequestURL, or discover with pushedAuthorizationRequests: true.',
  ],
  [
    /request object|signed request/i,
    () => 'Sign the requests: set signedAuthorizationRequests and privateKey.',
  ],
  [
    /response[_ ]mode/i,
    () =>
      'Correct response_mode in authorizationParameters, or leave it out; signedAuthorizationResponses sets it too.',
  ],
  [
    /response[_ ]type|authorization code (?:flow|grant)|grant[_ ]type/i,
    () => 'Allow the authorization code flow for this client at the provider.',
  ],
]

/**
 * What to do about a refusal.
 *
 * @param words what the provider has said
 */
export function cureFor(words: string, redirectUri: string): string {
  const [, cure] = CURES.find(([said]) => said.test(words)) ?? []
  if (cure !== undefined) return cure(redirectUri)
  const code = CODE.exec(words)?.[0]
  const fix = authorizationErrorFrom({ error: code })?.fix
  if (fix !== undefined && code?.includes('client') !== true) return fix
  return `Compare clientID with the provider’s, and see that the client may use the authorization code flow. ${register(redirectUri)}`
}

function register(redirectUri: string): string {
  return `Register ${redirectUri} at the provider, exactly as it is.`
}

/** The error in the address of the page to which the provider redirects. */
function errorInAddress({ headers }: Answer, url: URL): string | undefined {
  const location = String(headers['location'] ?? '')
  if (!URL.canParse(location, url.href)) return undefined
  const { searchParams: query } = new URL(location, url.href)
  const [error, description] = [query.get('error'), query.get('error_description')]
  if (error !== null) return inWords(error, description)
  const google = query.get('authError')
  // Google's error is a text within other data, in base64.
  return google === null
    ? undefined
    : (/(?<![a-z])[a-z]+(?:_[a-z]+)+/.exec(Buffer.from(google, 'base64').toString('latin1'))?.[0] ??
        'an error')
}

/** @see [Microsoft Entra authentication and authorization error codes](https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes) */
function entraError({ text }: Answer): string | undefined {
  return /AADSTS\d{5,7}(?:: [^"<\\]{1,200})?/.exec(text)?.[0]
}

/** What a page says, as short text: its JSON error, or its words without the markup. */
function wordsOf({ text }: Answer): string {
  const { error, error_description: description } = jsonIn(text)
  if (typeof error === 'string') return inWords(error, description)
  return cut(withoutMarkup(text).replace(/\s+/g, ' ').trim())
}

/** What is not closed ends with the page, so that a page of any length is read once. */
function withoutMarkup(page: string): string {
  return page
    .replace(/<(script|style|head)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, ' ')
    .replace(/<[^<>]*>/g, ' ')
}

function inWords(error: string, description: unknown): string {
  return typeof description === 'string' ? `${cut(error)} (${cut(description)})` : cut(error)
}

function cut(words: string): string {
  return words.length > QUOTED_LENGTH ? `${words.slice(0, QUOTED_LENGTH)}…` : words
}

/** The members of a JSON object; none if the text is something else. */
export function jsonIn(text: string): Readonly<Record<string, unknown>> {
  const body = parsedJson(text)
  return isObject(body) ? body : {}
}
