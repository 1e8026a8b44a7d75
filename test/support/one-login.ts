import type { AuthorizationCodeOptions, TokenSet } from '../../src/index.js'
import { startApp } from './app.js'
import { Browser } from './http.js'
import type { Page } from './http.js'
import type { RecordedRequest, ScriptedProvider } from './scripted-provider.js'

/** Where a scripted provider is, to be spread into a strategy's options. */
export function endpointsOf({ authorizationURL, tokenURL, profileURL }: ScriptedProvider): {
  authorizationURL: string
  tokenURL: string
  profileURL: string
} {
  return { authorizationURL, tokenURL, profileURL }
}

/** What one person's login came to. */
export interface LoginResult {
  /** The page where the browser ended. */
  readonly page: Page
  /** The tokens in the session; `undefined` when the login failed. */
  readonly tokens: TokenSet | undefined
  /** What reached the application's error handler. */
  readonly errors: readonly unknown[]
  /** The callback URL that was configured. */
  readonly callbackURL: string
}

/** Logs one person in at an application of its own, which is closed afterwards. */
export async function logInOnce(
  strategy: Omit<AuthorizationCodeOptions, 'callbackURL' | 'clientID'> & { clientID?: string },
): Promise<LoginResult> {
  const app = await startApp({ strategy })
  try {
    const browser = new Browser()
    const page = await browser.follow(app.loginURL)
    const errors = [...app.errors]
    const { tokens } = JSON.parse((await browser.visit(`${app.origin}/tokens`)).text) as {
      tokens: TokenSet | null
    }
    return { page, tokens: tokens ?? undefined, errors, callbackURL: app.callbackURL }
  } finally {
    await app.close()
  }
}

/** The one token request of a login, its form read. */
export function tokenRequestOf(provider: ScriptedProvider): {
  readonly request: RecordedRequest
  readonly form: Record<string, string>
} {
  const requests = provider.requestsTo('/token')
  const [request] = requests
  if (request === undefined || requests.length > 1) {
    throw new Error(`There were ${requests.length} token requests instead of one.`)
  }
  return { request, form: Object.fromEntries(new URLSearchParams(request.body)) }
}
