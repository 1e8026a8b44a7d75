/**
 * Jest runs tests in a realm of their own, and `structuredClone` makes objects of another one. To whoever
 * compares prototypes, as oidc-provider does, those are no plain objects. Importing this file mends it.
 */
const cloneElsewhere = globalThis.structuredClone

globalThis.structuredClone = (value, options) =>
  adopt(cloneElsewhere(value, options)) as typeof value

function adopt(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value as unknown[], adopt)
  if (Object.prototype.toString.call(value) !== '[object Object]') return value
  const members = Object.entries(value as object)
  return Object.fromEntries(members.map(([name, member]) => [name, adopt(member)]))
}
