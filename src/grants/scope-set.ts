/** The scopes in a text, as providers send them: separated by spaces or commas. */
export function scopesOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/[\s,]+/).filter((one) => one !== ''))
}

/** Whether all of `wanted` are in the scope. One that is not known counts as containing everything. */
export function coversScope(scope: string | undefined, wanted: Iterable<string>): boolean {
  if (scope === undefined) return true
  const present = scopesOf(scope)
  return [...wanted].every((one) => present.has(one))
}

/** Whether a scope is known to consist of exactly these. */
export function isExactScope(scope: string | undefined, wanted: Iterable<string>): boolean {
  if (scope === undefined) return false
  return scopesOf(scope).size === new Set(wanted).size && coversScope(scope, wanted)
}
