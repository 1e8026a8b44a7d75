import type { TestRefusal } from './refusal.js'

/**
 * Why tokens are not issued for these APIs; `undefined` if they are.
 *
 * @param resources the `resource` parameters of a request
 * @param allowed the APIs that there are, or that were granted; any if `undefined`
 * @see [RFC 8707, section 2 - Resource Parameter](https://www.rfc-editor.org/rfc/rfc8707.html#section-2)
 */
export function refusedResource(
  resources: readonly string[],
  ...allowed: readonly (readonly string[] | undefined)[]
): TestRefusal | undefined {
  const error = 'invalid_target'
  if (!resources.every((one) => URL.canParse(one) && !one.includes('#'))) {
    return { error, description: 'resource must be an absolute URI without a fragment' }
  }
  const unknown = resources.find((one) => !allowed.every((list) => list?.includes(one) ?? true))
  return unknown === undefined ? undefined : { error, description: `not for ${unknown}` }
}
