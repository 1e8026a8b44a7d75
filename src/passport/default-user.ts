import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import passport from 'passport'
import type { LoginSession } from '../lib/login-request.js'
import { accountText } from '../options/holder.js'
import type { Profile } from '../options/profile.js'
import type { PassportInstance } from './registered-strategies.js'

/** The users that this library has made, each with its account. Nothing else is a default user, whatever it looks like. */
const made = new WeakMap<object, string | undefined>()

/** What the accounts of default users begin with, and no others. */
const PREFIX = 'default-user/'

/** The user of a strategy without `verify`. */
export function defaultUser(provider: string, profile: Profile | undefined): DefaultUser {
  return withAccount({ provider, id: profile?.id, profile })
}

/** Whether this library has made the user, in this request or, as its session says, at the login. */
export function isDefaultUser(user: object): user is DefaultUser {
  return made.has(user)
}

/** The account of a default user, whatever the application has done to its fields. */
export function accountOfDefaultUser(user: DefaultUser): string | undefined {
  return made.get(user)
}

/** Whether only a default user can have this account. */
export function isDefaultAccount(account: string): boolean {
  return account.startsWith(PREFIX)
}

/** Makes a default user of its fields. The name of a provider has no slash in the account, so that no two are alike. */
function withAccount(fields: Omit<DefaultUser, 'account'>): DefaultUser {
  const { provider, id } = fields
  const name = provider.replaceAll('%', '%25').replaceAll('/', '%2F')
  const own = accountText(id)
  const account = own === undefined ? undefined : `${PREFIX}${name}/${own}`
  const user = { ...fields, account }
  made.set(user, account)
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

/** The Passports that know default users. */
const registered = new WeakSet<PassportInstance>()

/**
 * Registers functions with a Passport that keep default users in the session, so that an application needs no
 * `serializeUser` and `deserializeUser` for them. If the application registers its own, these are used instead,
 * whichever came first.
 */
export function serializeDefaultUsers(instance: PassportInstance = passport): void {
  if (registered.has(instance)) return
  registered.add(instance)

  instance.serializeUser<SerializedDefaultUser, WithSession>((req, user, done) => {
    // With 'pass', Passport calls the next function.
    if (!made.has(user) || isNotAlone(instance, '_serializers') || req.session === undefined)
      done('pass')
    else {
      done(null, { defaultUser: user as DefaultUser, mark: markOf(req.session) })
    }
  })
  instance.deserializeUser<unknown, WithSession>((req, serialized, done) => {
    const user = defaultUserIn(serialized, req.session)
    if (user !== undefined) done(null, user)
    // Passport has an error for a user that no function takes, which the person could only end by removing the cookie.
    else if (isNotAlone(instance, '_deserializers')) done('pass')
    else done(null, false)
  })
}

/** Whether the application has registered functions of its own, too. */
function isNotAlone(instance: PassportInstance, list: '_deserializers' | '_serializers'): boolean {
  const { [list]: functions = [] } = instance as unknown as Partial<
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
  return typeof user?.provider === 'string' ? withAccount(user) : undefined
}

/** `req.user` without a `verify` function. */
export interface DefaultUser {
  /** The strategy's `name`, such as `askara`. Passport has one provider of each name, see {@link authRouter}. */
  readonly provider: string
  /**
   * {@link Profile.id}; `undefined` with a provider that has no profile. Unique at that provider only: use it together
   * with `provider`, or use `account`.
   */
  readonly id: string | undefined
  /**
   * The person for `{ account }`, `listGrants` and `eraseAccount`: `default-user/<provider>/<id>`, such as
   * `default-user/askara/7`. No two people have the same one, of whatever providers, and no user of your own has it.
   * `undefined` without an `id`.
   *
   * @example Later, in a job
   * ```ts
   * const answer = await strategy.fetch({ account: user.account }, 'https://api.example.com/report')
   * ```
   */
  readonly account: string | undefined
  readonly profile: Profile | undefined
}
