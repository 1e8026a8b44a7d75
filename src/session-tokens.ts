import { LoginRequiredError } from './errors.js'
import { readPart, requireSession, writePart } from './session.js'
import type { LoginRequest, LoginSession, TokenSet } from './types.js'

/** The tokens of one strategy in one session. */
export interface SessionTokens {
  /** The token set of the request's session, or `undefined` when it holds none. */
  read(request: LoginRequest): TokenSet | undefined
  /**
   * An access token that is valid now.
   *
   * @throws {LoginRequiredError} when there is none, or it has expired
   */
  accessToken(request: LoginRequest): string
  /** Puts a token set into a session. */
  put(session: LoginSession, tokens: TokenSet): void
  /** Forgets the tokens of the request's session. */
  forget(request: LoginRequest): void
}

/** Keeps tokens in the session under `sessionKey`. */
export function createSessionTokens(sessionKey: string): SessionTokens {
  const read = (request: LoginRequest): TokenSet | undefined =>
    readPart(requireSession(request), sessionKey)['tokens'] as TokenSet | undefined

  return {
    read,

    accessToken(request) {
      const tokens = read(request)
      if (tokens === undefined) throw new LoginRequiredError('no_tokens')
      if (tokens.expiresAt !== undefined && tokens.expiresAt <= Date.now()) {
        throw new LoginRequiredError('expired')
      }
      return tokens.accessToken
    },

    put(session, tokens) {
      writePart(session, sessionKey, { ...readPart(session, sessionKey), tokens })
    },

    forget(request) {
      const session = requireSession(request)
      writePart(session, sessionKey, { ...readPart(session, sessionKey), tokens: undefined })
    },
  }
}
