/** Who can correct the cause of an error. */
export type Fault =
  /** The developer: an option, the order of middleware, or the client's registration at the provider. */
  | 'developer'
  /** The person at the browser, by starting again. If the request was forged, nothing has to be corrected. */
  | 'browser'
  /** The provider: it failed, could not be reached, or sent an answer that cannot be used. */
  | 'provider'
  /** The operators of the session store or the store of the grants. */
  | 'storage'

/**
 * What is known about one error code. Messages, classes, error pages, the error guide, the doctor and
 * the flow inspector are derived from it.
 *
 * `cause`, `fix` and `checks` are Markdown. Only `cause` and `checks` may have links, because only the guide shows
 * them. All else is plain text.
 */
export interface ErrorEntry {
  /** The name of the class that has this code. */
  readonly class: string
  /** The HTTP status of the error. A list if it depends on what the provider answered. */
  readonly status: number | readonly number[]
  /** Who can correct it. A list if it depends on what the provider answered. */
  readonly fault: Fault | readonly Fault[]
  /** Whether the same attempt may succeed later although nobody has changed anything. */
  readonly retryable: boolean | 'depends'
  /** What happened, in one sentence. */
  readonly message: string
  /** Why it happens. */
  readonly cause: string
  /** What the developer can do, in one to three sentences. */
  readonly fix: string
  /** What the page says to the person at the browser. Left out if the error is not for them. */
  readonly page?: ErrorPage
  /** What to check if it happens repeatedly, the most frequent cause first. For the guide only. */
  readonly checks?: readonly string[]
}

/** The words of an error page. */
export interface ErrorPage {
  /** The heading. */
  readonly title: string
  /** What happened, for a person who is not a developer. */
  readonly text: string
  /** Whether the page offers a link to log in again. */
  readonly loginLink: boolean
}

/** The provider's words in an OAuth error response, cut to 300 characters and without control characters or secrets. */
export interface OAuthErrorFacts {
  /** The OAuth `error` code, such as `invalid_grant`. `undefined` if there was none. */
  readonly error?: string | undefined
  /** The provider's `error_description`. `undefined` if there was none. */
  readonly errorDescription?: string | undefined
}

/** The codes of a table that the class of this name can have. */
export type CodeOf<Table extends Readonly<Record<string, ErrorEntry>>, ClassName extends string> = {
  [Code in keyof Table]: Table[Code]['class'] extends ClassName ? Code : never
}[keyof Table]
