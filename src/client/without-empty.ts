import { isObject } from './is-object.js'

/**
 * A parsed JSON value without the members that are `null`, `""` or an empty list, at any depth: some servers write what
 * they lack so, instead of leaving it out.
 *
 * @see [RFC 8414, section 3.2 - Authorization Server Metadata Response](https://www.rfc-editor.org/rfc/rfc8414.html#section-3.2)
 */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((one) => !isEmpty(one)).map(withoutEmpty)
  if (!isObject(value)) return value
  const given = Object.entries(value).filter(([, member]) => !isEmpty(member))
  return Object.fromEntries(given.map(([name, member]) => [name, withoutEmpty(member)]))
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0)
}
