import type { FlowEvent } from './observation.js'
import { shownAddress, shownPath, shownValues } from './shown-values.js'
import type { LoginRequest } from '../lib/login-request.js'

/**
 * The event of a browser's request.
 *
 * @param parameters the authorization response, if the request has one
 */
export function visitEvent(
  { method = 'GET', originalUrl, url = '' }: LoginRequest,
  parameters: Iterable<readonly [string, string]> = [],
): FlowEvent {
  return {
    type: 'visit',
    method,
    path: shownPath(originalUrl ?? url),
    values: shownValues(parameters, { sentByUs: false }),
  }
}

/** The event of a redirect to the provider. */
export function redirectEvent(url: string): FlowEvent {
  return {
    type: 'redirect',
    address: shownAddress(url),
    values: shownValues(new URL(url).searchParams, { sentByUs: true }),
  }
}
