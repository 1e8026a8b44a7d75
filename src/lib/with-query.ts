/** An address with further parameters in its query. A fragment stays at the end. Those that are `undefined` are left out. */
export function withQuery(
  address: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  if (given.length === 0) return address
  const [path = '', ...fragment] = address.split('#')
  const separator = path.includes('?') ? '&' : '?'
  return [`${path}${separator}${given.join('&')}`, ...fragment].join('#')
}
