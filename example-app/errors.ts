import type { ErrorRequestHandler, Request } from 'express'
import { LoginRequiredError } from 'passport-authorization-code'
import { errorPage, isExplained } from './error-pages.js'
import type { ProviderName } from './layout.js'
import { send } from './send.js'

/** What goes wrong in this app and not in the library. */
export class ExampleError extends Error {
  constructor(
    readonly code: 'ERR_EXAMPLE_API' | 'ERR_LOGIN_REQUIRED' | 'ERR_NOT_FOUND',
    readonly status: number,
    message?: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/**
 * The JSON of an API's answer. The library throws what concerns the login and the connection; the API's
 * answers are ours to judge.
 */
export async function readAnswer(answering: Promise<globalThis.Response>): Promise<unknown> {
  const answer = await answering
  if (answer.status === 401) {
    throw new ExampleError('ERR_LOGIN_REQUIRED', 401, 'The API refused the access token.')
  }
  if (!answer.ok) {
    throw new ExampleError('ERR_EXAMPLE_API', 502, `The API answered ${answer.status}.`)
  }
  try {
    return await answer.json()
  } catch (error) {
    const message = 'What the API answers is not JSON.'
    throw new ExampleError('ERR_EXAMPLE_API', 502, message, { cause: error })
  }
}

/** Lets the app's own error handler show what went wrong in the router. */
export function toErrorHandler(
  error: unknown,
  _req: unknown,
  _res: unknown,
  next: (error: unknown) => void,
) {
  next(error)
}

/** Somebody whose login ended while a page was made is asked to log in again, and comes back to it. */
export const askForLogin: ErrorRequestHandler = (error: unknown, req, res, next) => {
  const provider = providerOf(req)
  if (!(error instanceof LoginRequiredError) || provider === undefined || res.headersSent) {
    next(error)
    return
  }
  const returnTo = req.method === 'GET' ? req.originalUrl : `/${provider}`
  res.redirect(303, `/${provider}/login?return_to=${encodeURIComponent(returnTo)}`)
}

/** Shows an error's page under the error's own status. Errors are told apart by their `code` alone. */
export function showError(onError: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    const { code, phase, status, message } = readError(error)
    if (status >= 500) onError(error)
    if (!res.headersSent) {
      const provider = providerOf(req)
      const isConnecting = req.path.startsWith('/connect/')
      const facts = { code, phase, status, message, provider, isConnecting }
      send(res.status(status), errorPage(facts))
    } else if (!res.writableEnded) {
      // Half a page must not look like a whole one. One that is complete stays, as when the session's
      // lifetime could not be prolonged afterwards.
      next(error)
    }
  }
}

function readError(error: unknown) {
  const { message, phase, status } = error as Partial<Record<string, unknown>>
  const code = readCode(error)
  const isKnown = isExplained(code)
  return {
    code: isKnown ? code : undefined,
    phase: typeof phase === 'string' ? phase : undefined,
    status: typeof status === 'number' && status >= 400 && status < 600 ? status : 500,
    // The library's messages hold no secrets; of others, nobody knows.
    message: isKnown && typeof message === 'string' ? message : undefined,
  }
}

function readCode(error: unknown): string | undefined {
  const { code } = error as Partial<Record<string, unknown>>
  return typeof code === 'string' ? code : undefined
}

function providerOf({ path }: Request): ProviderName | undefined {
  const [, name = ''] = /^\/(?:auth\/)?(\w+)(?:\/|$)/.exec(path) ?? []
  return Object.hasOwn(PROVIDERS_OF_PATHS, name) ? PROVIDERS_OF_PATHS[name] : undefined
}

/** Whose login a page is about, by the beginning of its path. */
const PROVIDERS_OF_PATHS: Readonly<Record<string, ProviderName>> = {
  askara: 'askara',
  logins: 'askara',
  report: 'askara',
  jiko: 'jiko',
  openid: 'openid',
  news: 'openid',
  payments: 'openid',
}
