import type { Request, Response } from 'express'
import type { StepUpRequiredError } from '../errors/step-up-errors.js'
import type { StartLoginOptions } from '../login/login-options.js'
import type { Reply } from './async-handler.js'
import type { LoginStrategy } from './login-strategy.js'
import { isPageVisit } from './page-visit.js'
import { UNCACHED } from './uncached.js'

/**
 * Sends a person who visits a page to the provider for what is missing, and tells everybody else what it is.
 *
 * @throws {StepUpRequiredError} if the person has just come back without what is missing
 */
export async function askForMore(
  error: StepUpRequiredError,
  strategy: LoginStrategy,
  { loginPath, ...options }: { readonly loginPath: string } & StartLoginOptions,
  req: Request,
  res: Response,
): Promise<Reply> {
  if (req.method === 'GET' && isPageVisit(req)) {
    const { prompt, loginHint, authorizationParameters, appState } = options
    const further = { prompt, loginHint, authorizationParameters, appState }
    const given = Object.entries(further).filter(([, value]) => value !== undefined)
    await strategy.startLogin(req, res, error, Object.fromEntries(given))
    return () => undefined
  }
  const { error: code, scope, acrValues, maxAgeSeconds } = error
  return () => {
    res.set(UNCACHED).set('WWW-Authenticate', challengeOf(error))
    res.status(code === 'insufficient_scope' ? 403 : 401)
    res.json({ error: code, scope: scope?.join(' '), acrValues, maxAgeSeconds, loginPath })
  }
}

/**
 * The challenge for what is missing.
 *
 * @see [RFC 9470, section 3 - Authentication Requirements Challenge](https://www.rfc-editor.org/rfc/rfc9470.html#section-3)
 */
function challengeOf({ error, scope, acrValues, maxAgeSeconds }: StepUpRequiredError): string {
  const parameters = {
    error,
    scope: scope?.join(' '),
    acr_values: acrValues?.join(' '),
    max_age: maxAgeSeconds,
  }
  const written = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${String(value).replaceAll(/[\\"]/g, '\\$&')}"`)
  return `Bearer ${written.join(', ')}`
}
