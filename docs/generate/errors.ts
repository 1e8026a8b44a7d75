import prettier from 'prettier'
import type { ErrorEntry } from '../../src/errors/error-entry.js'
import { NETWORK_ERRORS } from '../../src/errors/network-errors.js'
import { CLIENT_FIXES, OAUTH_ERRORS, OTHER_METHOD_FIXES } from '../../src/errors/oauth-errors.js'
import type { OAuthError } from '../../src/errors/oauth-errors.js'
import { LOGIN_REQUIRED_REASONS } from '../../src/errors/table-login.js'
import { ERRORS } from '../../src/errors/table.js'

const INTRODUCTION = `# Errors

<!-- Generated from the tables in src/errors by docs/generate/errors.ts: npm run docs:reference. -->

Every error of this package is an \`AuthorizationCodeError\`, and its \`help\` leads to one of the headings below. Each error has these fields:

| field | what it says |
| --- | --- |
| \`code\` | Which error it is: one of the headings below. It stays the same when a message changes. |
| \`status\`, \`statusCode\` | The HTTP status to answer with. Express's own error handler sends it. |
| \`expose\` | Whether the message may be sent to the client: \`true\` if \`status\` is below 500. |
| \`fault\` | Who can correct the cause: \`developer\`, \`browser\` (the person, by starting again), \`provider\`, \`storage\`. |
| \`retryable\` | Whether the same attempt may succeed later although nobody has changed anything. |
| \`message\` | What happened, and what to check. It holds no token, code, verifier, state or secret. |
| \`help\` | Where to read more. Node prints it with the error. |

An error handler that tells errors apart:

\`\`\`ts
import type { ErrorRequestHandler } from 'express'
import { AuthorizationCodeError, LoginRequiredError } from 'passport-authorization-code'

const handleError: ErrorRequestHandler = (error, req, res, next) => {
  if (error instanceof LoginRequiredError) {
    res.redirect('/login')
  } else if (error instanceof AuthorizationCodeError) {
    console.error(error)
    if (error.retryable) res.set('Retry-After', '10')
    res.status(error.status).send('Logging in does not work right now. Please try again later.')
  } else {
    next(error)
  }
}
app.use(handleError)
\`\`\`
`

const PROVIDER_ERRORS = `\`TokenEndpointError\`, \`PushedAuthorizationRequestError\`, \`ProfileError\`, \`ResourceError\` and \`DiscoveryError\` are \`ProviderError\`s. They also say what the provider did:

| field | what it says |
| --- | --- |
| \`phase\` | What was being done: \`exchange\`, \`refresh\`, \`push\`, \`profile\`, \`resource\`, \`discovery\` or \`keys\`. |
| \`httpStatus\` | The status of the provider's answer. \`undefined\` if none came. |
| \`networkCode\` | Why none came: one of the [network errors](#network-errors). |
| \`error\`, \`errorDescription\` | The provider's own words, shortened and without control characters: see [OAuth errors](#oauth-errors). |

Their \`status\` is 504 after a timeout, 503 if the provider is overloaded (429, 503), 500 if it refuses the client itself, 400 if it refuses what the browser brought, and 502 otherwise.
`

/** With the texts of Passport 0.7, which test/errors/passport-errors.test.ts compares. */
const PASSPORT_ERRORS = `## Errors of Passport

Passport's own errors have no \`code\`:

| its message | what to do |
| --- | --- |
| \`\`Login sessions require session support. Did you forget to use \`express-session\` middleware?\`\` | Put \`app.use(session({ … }))\` before \`app.use(passport.session())\`. |
| \`Failed to serialize user into session\` | Call \`passport.serializeUser\`: [Serializing](users.md#serializing). |
| \`Failed to deserialize user out of session\` | Call \`passport.deserializeUser\`. For a user who is gone, it returns \`false\`, not \`undefined\`. |
| \`Unknown authentication strategy "…"\` | Call \`passport.use(strategy)\` first, or pass the strategy itself: \`passport.authenticate(strategy)\`. |
`

/** The error guide, docs/errors.md. */
export async function render(): Promise<string> {
  const sections = Object.entries<ErrorEntry>(ERRORS).map(([code, entry]) => section(code, entry))
  const page = [
    INTRODUCTION,
    overview(),
    PROVIDER_ERRORS,
    ...sections,
    oauthErrors(),
    networkErrors(),
    PASSPORT_ERRORS,
  ].join('\n')
  return prettier.format(page, {
    parser: 'markdown',
    proseWrap: 'never',
    singleQuote: true,
    semi: false,
    printWidth: 100,
  })
}

function overview(): string {
  const rows = Object.entries<ErrorEntry>(ERRORS).map(([code, entry]) => [
    `[\`${code}\`](#${code.toLowerCase()})`,
    `\`${entry.class}\``,
    listOf(entry.status),
    listOf(entry.fault),
    entry.message,
  ])
  return table(['code', 'class', 'status', 'fault', 'what happened'], rows)
}

function section(code: string, entry: ErrorEntry): string {
  const { message, cause, fix, page, checks = [] } = entry
  const faults = [entry.fault].flat().map((fault) => `\`${fault}\``)
  const condition = `**What the person sees**${faults.length > 1 ? ' if the fault is `browser`' : ''}`
  return [
    `## ${code}\n`,
    `\`${entry.class}\`, status ${listOf(entry.status)}, fault ${listOf(faults)}${RETRYABLE[String(entry.retryable)] ?? ''}.\n`,
    `${message} ${cause}\n`,
    code === 'ERR_LOGIN_REQUIRED' ? loginRequiredReasons() : '',
    `**What to do:** ${fix}\n`,
    checks.map((check) => `- ${check}`).join('\n'),
    page === undefined ? '' : `\n${condition}: “${page.title}. ${page.text}”\n`,
  ].join('\n')
}

const RETRYABLE: Readonly<Record<string, string>> = {
  true: ', retryable',
  depends: ', `retryable` says whether to try again',
}

function loginRequiredReasons(): string {
  const rows = Object.entries(LOGIN_REQUIRED_REASONS).map(([reason, { cause }]) => [
    `\`${reason}\``,
    cause,
  ])
  return table(['`reason`', 'cause'], rows)
}

function oauthErrors(): string {
  const rows = [...OAUTH_ERRORS].map(([code, { from, definedBy, status, meaning, fix }]) => [
    `\`${code}\``,
    `${from.map((source) => SOURCES[source]).join(', ')}${definedBy === undefined ? '' : ` (${definedBy})`}`,
    status === 'refused' ? 'no error' : String(status),
    meaning,
    fix,
  ])
  const clientRows = Object.entries(CLIENT_FIXES).map(([method, fix]) => [
    `\`${method}\``,
    [fix, OTHER_METHOD_FIXES[method]].filter(Boolean).join(' '),
  ])
  return `## OAuth errors

What the provider's \`error\` means. \`status\` is that of our error. “No error” means that the login was refused: the person goes to \`failureRedirect\`, or sees a page that says so. An \`error\` that is not in this table, or that comes from another place than the table says, has the status 502.

${table(['`error`', 'comes from', '`status`', 'what it means', 'what to do'], rows)}
After \`invalid_client\`, what to check depends on the client's \`clientAuthentication\`:

${table(['`clientAuthentication`', 'what to check'], clientRows)}`
}

const SOURCES: Readonly<Record<OAuthError['from'][number], string>> = {
  authorization: 'the callback',
  token: 'the token endpoint',
  resource: 'an API',
}

function networkErrors(): string {
  const rows = [...NETWORK_ERRORS].map(([code, { meaning, fix }]) => [`\`${code}\``, meaning, fix])
  return `## Network errors

Why no answer came: \`networkCode\`, and what to do. Any other code is Node's or OpenSSL's own. See also [a proxy on the way out](behind-a-proxy.md#a-proxy-on-the-way-out).

${table(['`networkCode`', 'what it means', 'what to do'], rows)}`
}

/** `400`, or `400, 500 or 502`. */
function listOf(value: string | number | readonly (string | number)[]): string {
  const all = [value].flat()
  const last = all.at(-1) ?? ''
  return all.length === 1 ? String(last) : `${all.slice(0, -1).join(', ')} or ${last}`
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, header.map(() => '---'), ...rows].map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
  )
  return `${lines.join('\n')}\n`
}
