import type { TestAnswer, TestEndpoint } from './server.js'

/** A refusal by a test provider, with any code. */
export interface TestRefusal {
  /** The code, such as `temporarily_unavailable`. */
  readonly error: string
  /** What is sent as `error_description`. */
  readonly description?: string
  /** The HTTP status. @default the usual one of the endpoint and the code: 400, 401 or 403 */
  readonly status?: number
}

/**
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 * @see [RFC 6750, section 3 - The WWW-Authenticate Response Header Field](https://www.rfc-editor.org/rfc/rfc6750.html#section-3)
 */
export function refusal(endpoint: TestEndpoint, refused: TestRefusal): TestAnswer {
  const { error, description, status = usualStatus(endpoint, error) } = refused
  const members = {
    error,
    ...(description !== undefined && { error_description: description }),
  }
  if (endpoint !== 'userinfo') return { status, body: members }
  const pairs = Object.entries(members).map(
    // The header allows no quotes in them.
    ([name, value]) => `${name}="${value.replaceAll('"', "'")}"`,
  )
  return { status, headers: { 'www-authenticate': `Bearer ${pairs.join(', ')}` } }
}

function usualStatus(endpoint: TestEndpoint, error: string): number {
  if (error === 'insufficient_scope') return 403
  if (error === 'invalid_request') return 400
  return endpoint === 'userinfo' || error === 'invalid_client' ? 401 : 400
}
