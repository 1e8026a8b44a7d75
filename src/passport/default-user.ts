import passport from 'passport'
import type { Profile } from '../options/profile.js'

const made = new WeakSet()

/** The user of a strategy without `verify`. */
export function defaultUser(provider: string, profile: Profile | undefined): DefaultUser {
  const user: DefaultUser = { provider, id: profile?.id, profile }
  made.add(user)
  return user
}

/** A default user in the session. */
interface SerializedDefaultUser {
  readonly defaultUser: DefaultUser
}

let registered = false

/**
 * Registers functions with Passport that keep default users in the session, so that an application needs no
 * `serializeUser` and `deserializeUser` for them. If the application registers its own, these are used instead,
 * whichever came first.
 */
export function serializeDefaultUsers(): void {
  if (registered) return
  registered = true

  passport.serializeUser<SerializedDefaultUser>((user, done) => {
    if (made.has(user) && !hasSerializersOfItsOwn())
      done(null, { defaultUser: user as DefaultUser })
    // With 'pass', Passport calls the next function.
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

/** `req.user` without a `verify` function. */
export interface DefaultUser {
  /** The strategy's `name`, such as `askara`. Passport has one provider of each name, see {@link authRouter}. */
  readonly provider: string
  /**
   * {@link Profile.id}; `undefined` with a provider that has no profile. Unique at that provider only: use it together
   * with `provider`.
   */
  readonly id: string | undefined
  readonly profile: Profile | undefined
}
