import type { FlowEvent } from './observation.js'
import { shownAddress, shownPath, shownValues } from './shown-values.js'
import type { LoginRequest } from '../lib/login-request.js'

/** A browser's request, and the authorization response it may bring. */
export function visitEvent(
  { method = 'GET', originalUrl, url = '' }: LoginRequest,
  parameters: Iterable<readonly [string, string]> = [],
): FlowEvent {
  return {
    type: 'visit',
    method,
    path: shownPath(originalUrl ?? url),
    values: shownValues(parameters, { sent: false }),
  }
}

/** A browser that is sent to the provider. */
export function redirectEvent(url: string): FlowEvent {
  return {
    type: 'redirect',
    address: shownAddress(url),
    values: shownValues(new URL(url).searchParams, { sent: true }),
  }
}
