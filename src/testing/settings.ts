/** What a test can set at any time, of a test provider. */
export interface TestSettings {
  /** The person who logs in from now on. */
  user: Readonly<Record<string, unknown>>
  /** Further people, of whom a `login_hint` chooses one. */
  users: readonly Readonly<Record<string, unknown>>[]
  /** The scope that is granted from now on; `undefined` grants the one that is asked for. */
  scope: string | undefined
  /** How long access tokens live from now on, in **seconds**. */
  accessTokenSeconds: number
  /** The ways of authentication that there are from now on, the usual one first; `undefined` has all that are wanted. */
  acrValues: readonly string[] | undefined
  /** Whether ID tokens always have an `auth_time` from now on, not only if `max_age` was sent. */
  requireAuthTime: boolean
  /** What people have to be asked from now on, so that `prompt=none` is refused; `undefined` for nothing. */
  asksFor: 'login' | 'consent' | 'account_selection' | 'interaction' | undefined
  /** The APIs that access tokens can be for from now on; `undefined` for any. */
  resources: readonly string[] | undefined
  /** How responses are compressed from now on; `undefined` for not at all. */
  contentEncoding: 'gzip' | 'deflate' | 'br' | undefined
}

/** The `sub` of a person. */
export function subjectOf({ id = 'test-user', sub = id }: TestSettings['user']): string {
  return String(sub)
}
