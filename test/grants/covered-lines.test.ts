import { describe, expect, it } from '@jest/globals'
import { coveredLines } from '../../src/grants/covered-lines.js'
import type { GrantRecord, Line } from '../../src/grants/grant-record.js'

const NOW = 1_000_000

function line(id: string, scope: string | undefined, isRenewable = true, isValid = true): Line {
  return {
    id,
    number: 1,
    generation: 1,
    underMark: 0,
    tokens: {
      accessToken: `access of ${id}`,
      tokenType: 'bearer',
      expiresAt: isValid ? NOW + 1 : NOW,
      ...(isRenewable && { refreshToken: `refresh of ${id}` }),
      ...(scope !== undefined && { scope }),
    },
  }
}

function covered(lines: readonly Line[], unsaidScope?: string): readonly string[] {
  return coveredLines({ lines } as unknown as GrantRecord, 'new', unsaidScope, NOW)
}

describe('the lines that a new one covers', () => {
  it.each<[string, Line, Line, string | undefined, boolean]>([
    ['has all of the scope', line('new', 'a b'), line('old', 'a'), undefined, true],
    ['lacks a scope', line('new', 'a b'), line('old', 'a c'), undefined, false],
    [
      'cannot be refreshed, and the old one can',
      line('new', 'a', false),
      line('old', 'a'),
      'a',
      false,
    ],
    [
      'cannot be refreshed, nor can the old one',
      line('new', 'a', false),
      line('old', 'a', false),
      'a',
      true,
    ],
    [
      'says no scope: it has what was asked for',
      line('new', undefined),
      line('old', 'a'),
      undefined,
      true,
    ],
    [
      'has the scope that the old one was asked for',
      line('new', 'a b'),
      line('old', undefined),
      'a',
      true,
    ],
    [
      'lacks a scope that the old one was asked for',
      line('new', 'a'),
      line('old', undefined),
      'a b',
      false,
    ],
    [
      'meets one of which nothing is known',
      line('new', 'a'),
      line('old', undefined),
      undefined,
      false,
    ],
    ['meets one that is over', line('new', 'a'), line('old', 'b', false, false), undefined, true],
  ])('if it %s', (_what, newLine, old, unsaidScope, isCovered) => {
    expect(covered([newLine, old], unsaidScope)).toEqual(isCovered ? ['old'] : [])
  })

  it('are not those that have a token for another use', () => {
    const use = {
      key: 'k',
      accessToken: 'x',
      tokenType: 'bearer',
      scope: 'c',
      obtainedAt: 1,
      generation: 1,
    }
    const old = { ...line('old', 'a'), uses: [use] }
    expect(covered([line('new', 'a b'), old])).toEqual([])
    expect(covered([line('new', 'a b c'), old])).toEqual(['old'])
  })

  it('are none if the login has started no line', () => {
    expect(covered([line('old', 'a', false, false)])).toEqual([])
  })
})
