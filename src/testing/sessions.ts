import { randomId } from '../lib/random-id.js'

/** A person who is logged in at a test provider, in one browser. */
export interface TestSession {
  /** Identifies the session. ID tokens have it. */
  readonly sid: string
  /** The person. */
  readonly sub: string
  /** When the person was authenticated, in **milliseconds since the epoch**, by the provider's clock. */
  readonly authenticatedAt: number
  /** How the person was authenticated; `undefined` if that has no name. */
  readonly acr: string | undefined
}

/** Which sessions at a test provider are meant: those that have all of what is given. */
export interface TestSessionFilter {
  readonly sid?: string | undefined
  readonly sub?: string | undefined
}

/** A logout at a test provider, as the application gets to know of it. */
export interface TestLogout extends TestSessionFilter {
  /** The logout token. It says by `sid`, `sub` or both what has ended. */
  readonly logoutToken: string
  /** The HTTP status of the application's answer; `undefined` if no `backchannelLogoutURL` is registered. */
  readonly status: number | undefined
  /**
   * The addresses of front-channel logout, one for each session, with `iss` and `sid`: what a page of the provider would
   * load in frames. Empty if no `frontchannelLogoutURL` is registered.
   */
  readonly frontchannelURLs: readonly string[]
}

/** The people who are logged in at a test provider. */
export interface TestSessions {
  /** The sessions in all browsers, oldest first. */
  all(): readonly TestSession[]
  /** The sessions in the present browser, oldest first. */
  inBrowser(): readonly TestSession[]
  /** The session of a person in the present browser; `undefined` if they are not logged in there. */
  find(sub: string): TestSession | undefined
  /** Whether a person counts as logged in without a session: in the first browser, until they log out. */
  isAssumed(sub: string): boolean
  /** Authenticates a person in the present browser. Their session there stays the same if there is one. */
  authenticate(sub: string, at: number, acr: string | undefined): TestSession
  /** Ends sessions, and returns them. A person that is named is then logged out in the present browser. */
  end(who: TestSessionFilter): readonly TestSession[]
  /** People come with another browser from now on. Nobody is logged in there. */
  newBrowser(): void
  /** Deletes everything, and goes back to the first browser. */
  clear(): void
}

/** Creates an empty collection of sessions, in memory. */
export function createTestSessions(): TestSessions {
  const sessions = new Map<string, TestSession>()
  /** The `sid` of each person in the present browser; `undefined` if they have logged out. */
  const browser = new Map<string, string | undefined>()
  let isFirst = true

  function newBrowser(): void {
    browser.clear()
    isFirst = false
  }

  function find(sub: string): TestSession | undefined {
    return sessions.get(browser.get(sub) ?? '')
  }

  return {
    all: () => [...sessions.values()],
    inBrowser: () => [...sessions.values()].filter(({ sid, sub }) => browser.get(sub) === sid),
    find,
    isAssumed: (sub) => isFirst && !browser.has(sub),

    authenticate(sub, at, acr) {
      const sid = find(sub)?.sid ?? `sid-${randomId()}`
      const session = { sid, sub, authenticatedAt: at, acr }
      sessions.set(sid, session)
      browser.set(sub, sid)
      return session
    },

    end({ sid, sub }) {
      const ended = [...sessions.values()].filter(
        (one) => (sid ?? one.sid) === one.sid && (sub ?? one.sub) === one.sub,
      )
      for (const one of ended) {
        sessions.delete(one.sid)
        if (browser.get(one.sub) === one.sid) browser.set(one.sub, undefined)
      }
      if (sid === undefined && sub === undefined) newBrowser()
      else if (sid === undefined && sub !== undefined) browser.set(sub, undefined)
      return ended
    },

    newBrowser,

    clear() {
      sessions.clear()
      browser.clear()
      isFirst = true
    },
  }
}
