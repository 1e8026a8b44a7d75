import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import passport from 'passport'
import type { LoginSession } from '../lib/login-request.js'
import type { Profile } from '../options/profile.js'

const made = new WeakSet()

/** The user of a strategy without `verify`. */
export function defaultUser(provider: string, profile: Profile | undefined): DefaultUser {
  const user: DefaultUser = { provider, id: profile?.id, profile }
  made.add(user)
  return user
}

/** A default user in `req.session.passport.user`. */
interface SerializedDefaultUser {
  readonly defaultUser: DefaultUser
  /** See {@link markOf}. */
  readonly mark: string
}

/**
 * Says that a serialized user is ours: a digest of the session's id, which is new at each login. The form of a user alone
 * says nothing. An application may serialize what a provider has sent, and the provider could send a profile that looks
 * like a default user, of another provider and with any id. It cannot know the session's id.
 */
function markOf({ id }: LoginSession): string {
  return hash('sha256', `passport-authorization-code default user ${id}`, 'base64url')
}

/** A request as Passport hands it to serializers. */
type WithSession = IncomingMessage & { readonly session?: LoginSession }

let registered = false

/**
 * Registers functions with Passport that keep default users in the session, so that an application needs no
 * `serializeUser` and `deserializeUser` for them. If the application registers its own, these are used instead,
 * whichever came first.
 */
export function serializeDefaultUsers(): void {
  if (registered) return
  registered = true

  passport.serializeUser<SerializedDefaultUser, WithSession>((req, user, done) => {
    // With 'pass', Passport calls the next function.
    if (!made.has(user) || isNotAlone('_serializers') || req.session === undefined) done('pass')
    else {
      done(null, { defaultUser: user as DefaultUser, mark: markOf(req.session) })
    }
  })
  passport.deserializeUser<unknown, WithSession>((req, serialized, done) => {
    const user = defaultUserIn(serialized, req.session)
    if (user !== undefined) done(null, user)
    // Passport has an error for a user that no function takes, which the person could only end by removing the cookie.
    else if (isNotAlone('_deserializers')) done('pass')
    else done(null, false)
  })
}

/** Whether the application has registered functions of its own, too. */
function isNotAlone(list: '_deserializers' | '_serializers'): boolean {
  const { [list]: functions = [] } = passport as unknown as Partial<
    Record<typeof list, readonly unknown[]>
  >
  return functions.length > 1
}

/** The default user, if this library has serialized it into this session. */
function defaultUserIn(
  serialized: unknown,
  session: LoginSession | undefined,
): DefaultUser | undefined {
  const { defaultUser: user, mark } = Object(serialized) as Partial<SerializedDefaultUser>
  if (session === undefined || mark !== markOf(session)) return undefined
  return typeof user === 'object' ? user : undefined
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
