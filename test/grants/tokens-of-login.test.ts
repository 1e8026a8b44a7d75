import { describe, expect, it } from '@jest/globals'
import type { GrantRecord, Line, RefreshAnswer } from '../../src/grants/grant-record.js'
import { lineOf, withAnswer, withLine, withRefusal } from '../../src/grants/grant-record.js'
import { emptyRecord } from '../../src/grants/new-record.js'
import { restored } from '../../src/grants/restored-record.js'
import { withTokensOfLogin } from '../../src/grants/tokens-of-login.js'
import { isReplaced, useIn, useRequestOf } from '../../src/grants/uses.js'
import type { TokenSet } from '../../src/options/token-set.js'

const NOW = 1_800_000_000_000

function tokens(name: string, members: Partial<TokenSet> = {}): TokenSet {
  return { accessToken: `access ${name}`, tokenType: 'bearer', ...members }
}

/** A grant with a line for each of these token sets, the oldest first. */
function recordOf(...logins: readonly TokenSet[]): GrantRecord {
  const grant = { strategy: 's', lifetimeMs: 1, of: { names: [] }, tokens: tokens('') }
  return logins.reduce(
    (record, one, index) => withLine(record, { id: `line ${index}`, tokens: one }),
    emptyRecord(grant, NOW),
  )
}

const first = tokens('of the first login', {
  refreshToken: 'refresh',
  refreshTokenExpiresAt: NOW + 9,
  scope: 'a b',
  idToken: 'id',
})

/** The grant of the first login after another that has brought no refresh token. */
function after(login: TokenSet, record: GrantRecord = recordOf(first)): GrantRecord {
  const next = withTokensOfLogin(record, login, NOW + 5, NOW)
  if (next === undefined) throw new Error('The login starts a line.')
  return next
}

function lineIn(record: GrantRecord): Line {
  const [line] = record.lines
  if (line === undefined) throw new Error('There is no line.')
  return line
}

/** The answer to a refresh that was under way. */
function answerTo(base: GrantRecord, use?: string): RefreshAnswer {
  const { id, generation } = lineIn(base)
  const answered = tokens('of the refresh', { refreshToken: 'next refresh' })
  const rest = { generation: generation + 1, underMark: 1, obtainedAt: NOW + 1, base, use }
  return { line: id, tokens: answered, ...rest }
}

const noMark = (): boolean => false
const calendar = useRequestOf({ scope: ['calendar'] })?.key ?? ''

describe('a login that brings no refresh token', () => {
  it.each(['a b', 'c,b,a', undefined])(
    'replaces the access token of the line if its scope (%s) is enough',
    (scope) => {
      const login = tokens('of the second login', scope === undefined ? {} : { scope })
      const line = lineIn(after(login))
      expect(line).toMatchObject({ generation: 1, number: 1, renewAt: NOW + 5 })
      expect(line.uses).toBeUndefined()
      expect(line.tokens).toEqual({
        ...login,
        refreshToken: 'refresh',
        refreshTokenExpiresAt: NOW + 9,
        idToken: 'id',
      })
    },
  )

  it('takes its ID token in the place of the old one', () => {
    const login = tokens('of the second login', { idToken: 'new id' })
    expect(lineIn(after(login)).tokens.idToken).toBe('new id')
  })

  it('adds a use if its access token can do something else', () => {
    const line = lineIn(after(tokens('for the calendar', { scope: 'calendar' })))
    expect(line.tokens).toEqual(first)
    expect(useIn(line, calendar)).toEqual({
      key: calendar,
      accessToken: 'access for the calendar',
      tokenType: 'bearer',
      scope: 'calendar',
      renewAt: NOW + 5,
      obtainedAt: NOW,
      generation: 1,
    })
  })

  it('adds to the newest line that can be refreshed, and leaves the others', () => {
    const record = recordOf(first, { ...first, refreshToken: 'second' }, tokens('without'))
    const refused = withRefusal(record, 'line 1', 'invalid_grant', noMark)
    const login = tokens('of a login')
    const changed = (one: GrantRecord): string[] =>
      after(login, one)
        .lines.filter(({ tokens: { accessToken } }) => accessToken === login.accessToken)
        .map(({ id }) => id)
    expect(changed(record)).toEqual(['line 1'])
    expect(changed(refused)).toEqual(['line 0'])
    expect(after(login, record).lines).toHaveLength(3)
  })

  it('starts a line if it brings a refresh token after all, or no line can be refreshed', () => {
    const login = tokens('of a login')
    const withRefreshToken = { ...login, refreshToken: 'r' }
    expect(withTokensOfLogin(recordOf(first), withRefreshToken, 1, NOW)).toBeUndefined()
    expect(withTokensOfLogin(recordOf(login), login, 1, NOW)).toBeUndefined()
    expect(withTokensOfLogin(recordOf(), login, 1, NOW)).toBeUndefined()
    expect(withTokensOfLogin(recordOf(first), login, 1, NOW + 9)).toBeUndefined()
    const refused = withRefusal(recordOf(first), 'line 0', 'invalid_grant', noMark)
    expect(withTokensOfLogin(refused, login, 1, NOW)).toBeUndefined()
  })

  it('counts as a new token for those who wait for one', () => {
    const before = lineIn(recordOf(first))
    const line = lineIn(after(tokens('of the second login')))
    expect(isReplaced(line, before, undefined)).toBe(true)
    expect(isReplaced(line, before, calendar)).toBe(false)
    const other = lineIn(after(tokens('for the calendar', { scope: 'calendar' })))
    expect(isReplaced(other, before, undefined)).toBe(false)
    expect(isReplaced(other, before, calendar)).toBe(true)
  })

  it('keeps nobody from storing the answer to a refresh that was under way', () => {
    const before = recordOf(first)
    const record = after(tokens('for the calendar', { scope: 'calendar' }), before)
    const next = withAnswer(record, answerTo(before), noMark)
    expect(next?.lines).toMatchObject([
      {
        generation: 2,
        tokens: { accessToken: 'access of the refresh', refreshToken: 'next refresh' },
        uses: [{ key: calendar }],
      },
    ])
  })

  it('comes back after the store has lost it', () => {
    const before = recordOf(first)
    const record = after(tokens('of the second login'), before)
    expect(lineIn(restored(before, record))).toBe(lineIn(record))
    expect(restored(record, before)).toBe(record)
  })
})

describe('the answer to a refresh for a use', () => {
  const before = recordOf(first)
  const record = withAnswer(before, answerTo(before, calendar), noMark) ?? before

  it('brings the refresh token for all, and leaves the other access tokens', () => {
    const line = lineIn(record)
    expect(line.tokens).toEqual({
      ...first,
      refreshToken: 'next refresh',
      refreshTokenExpiresAt: undefined,
    })
    expect([line.generation, line.ownGeneration]).toEqual([2, 1])
    expect(isReplaced(line, lineIn(before), undefined)).toBe(false)
    expect(isReplaced(line, lineIn(before), calendar)).toBe(true)
  })

  it('is older than the next refresh, whatever that was for', () => {
    const next = withAnswer(record, answerTo(record), noMark) ?? record
    expect(lineIn(next)).toMatchObject({ generation: 3, uses: [{ generation: 2 }] })
    expect(isReplaced(lineIn(next), lineIn(record), undefined)).toBe(true)
    expect(isReplaced(lineIn(next), lineIn(record), calendar)).toBe(false)
    expect(withAnswer(next, answerTo(before, calendar), noMark)).toBeUndefined()
  })

  it('comes back after the store has lost it, with the refresh token', () => {
    expect(lineIn(restored(before, record))).toBe(lineIn(record))
    expect(restored(record, before)).toBe(record)
    expect(lineOf(restored(undefined, record), 'line 0')?.uses).toHaveLength(1)
  })

  it('counts in the place of another of its generation if it was requested under a later mark', () => {
    const own = { ...answerTo(before), underMark: 1 }
    const later = { ...answerTo(before, calendar), underMark: 2 }
    const first = withAnswer(before, own, noMark) ?? before
    expect(lineIn(withAnswer(first, later, noMark) ?? first)).toMatchObject({
      generation: 2,
      ownGeneration: 2,
      underMark: 2,
      tokens: { accessToken: own.tokens.accessToken },
      uses: [{ key: calendar }],
    })
    const second = withAnswer(before, later, noMark) ?? before
    expect(withAnswer(second, own, noMark)).toBeUndefined()
    // Whoever waits for the own token goes on with the refresh token of the other.
    expect(isReplaced(lineIn(second), lineIn(before), undefined)).toBe(false)
  })
})
