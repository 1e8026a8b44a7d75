/** Where Passport has the user. Its `req.logout` removes the user, saves the session, and then destroys it. */
const PASSPORT = 'passport'

/** What strategies have in a session after a login, or after the end of its grant. A login that was only begun has none. */
const OF_LOGINS = ['grant', 'entry', 'oauth2GrantEnded']

/** Whether somebody is or was logged in to the session, as it is in its store, by Passport or one of the strategies. */
export function holdsLogin(stored: object): boolean {
  return Object.entries(stored).some(([key, value]: [string, unknown]) => {
    if (typeof value !== 'object' || value === null) return false
    return key === PASSPORT || OF_LOGINS.some((name) => Object.hasOwn(value, name))
  })
}
