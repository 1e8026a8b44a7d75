import passport from 'passport'
import type { Profile } from '../options/profile.js'

const made = new WeakSet()

/** The user of a strategy without `verify`. */
export function defaultUser(provider: string, profile: Profile | undefined): DefaultUser {
  const user: DefaultUser = { provider, id: profile?.id, profile }
  made.add(user)
  return user
}

/** How a default user lies in the session. */
interface SerializedDefaultUser {
  readonly defaultUser: DefaultUser
}

let registered = false

/**
 * Teaches Passport to keep default users in the session, so that an application that needs nothing else
 * can do without `serializeUser` and `deserializeUser`. An application that registers its own is asked
 * instead, whichever came first.
 */
export function serializeDefaultUsers(): void {
  if (registered) return
  registered = true

  passport.serializeUser<SerializedDefaultUser>((user, done) => {
    if (made.has(user) && !hasSerializersOfItsOwn())
      done(null, { defaultUser: user as DefaultUser })
    // Passport's own word for "not mine, ask the next one".
    else done('pass')
  })
  passport.deserializeUser<unknown>((serialized, done) => {
    if (isSerializedDefaultUser(serialized)) done(null, serialized.defaultUser)
    else done('pass')
  })
}

function hasSerializersOfItsOwn(): boolean {
  const { _serializers: serializers } = passport as unknown as { _serializers?: readonly unknown[] }
  return serializers !== undefined && serializers.length > 1
}

function isSerializedDefaultUser(serialized: unknown): serialized is SerializedDefaultUser {
  return typeof serialized === 'object' && serialized !== null && 'defaultUser' in serialized
}

/** Who `req.user` is when no `verify` function was given. */
export interface DefaultUser {
  /** The strategy's `name`, such as `askara`. */
  readonly provider: string
  /** {@link Profile.id}; `undefined` with a provider that has no profile. Unique only together with `provider`. */
  readonly id: string | undefined
  readonly profile: Profile | undefined
}
