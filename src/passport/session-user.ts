import { isDefaultUser } from './default-user.js'

/** What a script may know of a user if the application does not say it. */
export function sessionUserByDefault(user: object): unknown {
  if (!isDefaultUser(user)) return { id: (user as { readonly id?: unknown }).id }
  const { provider, id, profile } = user
  return { provider, id, displayName: profile?.displayName, emails: profile?.emails }
}
