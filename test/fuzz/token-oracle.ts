/** What of a token response is kept. */
export interface ExpectedTokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
}

type Members = Readonly<Record<string, unknown>>

/**
 * The tokens in a token response, read by RFC 6749, section 5.1, and by nothing else of this project;
 * `undefined` when it has none that can be used.
 *
 * Beyond the RFC: forms are read where they say so, `null` and `""` count as left out, a scope may be a list, any lifetime
 * is accepted, and an access token has to fit a header.
 *
 * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
export function tokensIn(
  answer: { status: number; type: string; text: string } | undefined,
): ExpectedTokens | undefined {
  if (answer === undefined || answer.status < 200 || answer.status > 299) return undefined
  const members = membersOf(answer)
  if (members === undefined) return undefined
  const get = (name: string): unknown => {
    const value = Object.hasOwn(members, name) ? (members[name] ?? undefined) : undefined
    return value === '' ? undefined : value
  }

  const [accessToken, refreshToken, type] = [
    get('access_token'),
    get('refresh_token'),
    get('token_type'),
  ]
  if (typeof accessToken !== 'string' || !/^[ -~]+$/.test(accessToken)) return undefined
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return undefined
  if (refreshToken !== undefined && typeof refreshToken !== 'string') return undefined
  const scopes = [get('scope') ?? []].flat()
  if (!scopes.every((one) => typeof one === 'string')) return undefined
  return { accessToken, refreshToken }
}

/** Whether a refusal says that the grant is over, rather than that something went wrong. */
export function endsGrant(
  answer: { status: number; type: string; text: string } | undefined,
): boolean {
  if (
    answer === undefined ||
    answer.status === 408 ||
    answer.status === 429 ||
    answer.status >= 500
  )
    return false
  const members = membersOf(answer)
  const isRefusal =
    answer.status < 200 ||
    answer.status > 299 ||
    ['', null].includes((members?.['access_token'] ?? null) as string | null)
  return isRefusal && members?.['error'] === 'invalid_grant'
}

/** The values that an answer itself calls tokens. */
export function calledTokens(
  answer: { status: number; type: string; text: string } | undefined,
): string[] {
  const members = (answer && membersOf(answer)) ?? {}
  return ['access_token', 'refresh_token', 'id_token']
    .map((name) => members[name])
    .filter((value): value is string => typeof value === 'string' && value.length > 8)
}

function membersOf({ type, text }: { type: string; text: string }): Members | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    if (type.split(';')[0] !== 'application/x-www-form-urlencoded') return undefined
    value = Object.fromEntries(new URLSearchParams(text))
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Members) : undefined
}
