import type { TokenSet } from '../options/token-set.js'
import type { GrantRecord, Line } from './grant-record.js'
import { isRenewable } from './line-state.js'
import { coversScope, scopesOf } from './scope-set.js'
import { withUse } from './stored-use.js'
import { useRequestOf } from './uses.js'

/**
 * Adds the tokens of a login that has brought no refresh token to the newest line that can be refreshed, within its
 * generation: an answer that is under way still counts, and the refresh token is not used.
 *
 * If the new access token can do all that the line's own can, it takes its place. Otherwise it becomes the token of a use: it
 * serves whoever asks for exactly its scope.
 *
 * @param renewAt when the access token becomes due for renewal, in **milliseconds since the epoch**
 * @param obtainedAt now, in **milliseconds since the epoch**
 * @returns `undefined` if the login has brought a refresh token, or no line can be refreshed: then it starts a line
 */
export function withTokensOfLogin(
  record: GrantRecord,
  tokens: TokenSet,
  renewAt: number | undefined,
  obtainedAt: number,
): GrantRecord | undefined {
  if (tokens.refreshToken !== undefined) return undefined
  const line = record.lines.find((one) => isRenewable(one, obtainedAt))
  if (line === undefined) return undefined
  const next = withToken(line, tokens, renewAt, obtainedAt)
  const logins = (line.logins ?? 0) + 1
  const lines = record.lines.map((one) => (one === line ? { ...next, logins } : one))
  return { ...record, lines }
}

function withToken(
  line: Line,
  tokens: TokenSet,
  renewAt: number | undefined,
  obtainedAt: number,
): Line {
  const { refreshToken, refreshTokenExpiresAt, idToken, scope: own } = line.tokens
  const use =
    tokens.scope === undefined ? undefined : useRequestOf({ scope: [...scopesOf(tokens.scope)] })
  const isEnough = own !== undefined && coversScope(tokens.scope, scopesOf(own))
  if (use !== undefined && !isEnough) {
    const { accessToken, tokenType, expiresAt, scope } = tokens
    const { generation } = line
    const token = { accessToken, tokenType, expiresAt, scope, renewAt, obtainedAt, generation }
    return withUse(line, { key: use.key, ...token })
  }
  return {
    ...line,
    tokens: {
      ...(idToken !== undefined && { idToken }),
      ...tokens,
      ...(refreshToken !== undefined && { refreshToken }),
      ...(refreshTokenExpiresAt !== undefined && { refreshTokenExpiresAt }),
    },
    renewAt,
  }
}
