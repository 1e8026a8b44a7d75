import { describe, expect, it } from '@jest/globals'
import type { Line } from '../../src/grants/grant-record.js'
import { chooseLine } from '../../src/grants/line-choice.js'
import type { LineChoice } from '../../src/grants/line-choice.js'
import { coversScope, isExactScope } from '../../src/grants/scope-set.js'

/** A line of which only the scope matters; the newest line has the highest number. */
function line(number: number, scope?: string, refused?: string): Line {
  const tokens = { accessToken: `a${number}`, tokenType: 'bearer', ...(scope && { scope }) }
  return { id: `line ${number}`, number, generation: 1, underMark: 0, tokens, refused }
}

/** The number of the chosen line. */
function chosen(lines: readonly Line[], choice: Partial<LineChoice> = {}): number | undefined {
  return chooseLine(lines, { isUsable: () => true, ...choice })?.number
}

/** Says that only these lines have a token, or can get one. */
function onlyUsable(...numbers: readonly number[]): Pick<LineChoice, 'isUsable'> {
  return { isUsable: ({ number }) => numbers.includes(number) }
}

describe('the line that serves a caller without a scope', () => {
  it('is the newest', () => {
    expect(chosen([line(3, 'a b'), line(2, 'a c'), line(1, 'a')])).toBe(3)
    expect(chosen([line(2, 'a b'), line(1, 'b,a')])).toBe(2)
  })

  it('is an older one that can do all of that and more: a login for less loses nothing', () => {
    expect(chosen([line(2, 'a'), line(1, 'a b')])).toBe(1)
    expect(chosen([line(3, 'a'), line(2, 'b a'), line(1, 'a,b,c')])).toBe(1)
    expect(chosen([line(3, 'a'), line(2, 'b c'), line(1, 'a,b,c')])).toBe(1)
    expect(chosen([line(3, 'a'), line(2, 'a b'), line(1, 'a c d')])).toBe(2)
  })

  it('is the newest if it is not known what one of them can do', () => {
    expect(chosen([line(2, 'a'), line(1)])).toBe(2)
    expect(chosen([line(2), line(1, 'a b')])).toBe(2)
  })

  it('is one that has a token or can get one, and that the provider has not refused', () => {
    const lines = [line(3, 'a', 'invalid_grant'), line(2, 'a b'), line(1, 'a')]
    expect(chosen(lines)).toBe(2)
    expect(chosen(lines, onlyUsable(1, 3))).toBe(1)
    expect(chosen(lines, onlyUsable(3))).toBe(3)
  })

  it('is one that was not refused if none has a token, and the newest if all were refused', () => {
    const refused = line(2, 'a', 'invalid_grant')
    expect(chosen([refused, line(1)], onlyUsable())).toBe(1)
    expect(chosen([refused, line(1, 'a', 'invalid_grant')], onlyUsable())).toBe(2)
    expect(chosen([], onlyUsable())).toBeUndefined()
  })
})

describe('the line that serves a caller with a scope', () => {
  const lines = [line(3, 'a'), line(2, 'a b'), line(1, 'a b c')]

  it('is the newest that has all of it', () => {
    expect(chosen(lines, { scope: ['a'] })).toBe(3)
    expect(chosen(lines, { scope: ['b'] })).toBe(2)
    expect(chosen(lines, { scope: ['b', 'a'] })).toBe(2)
    expect(chosen(lines, { scope: ['c', 'b'] })).toBe(1)
  })

  it('is the newest if none has it: the provider decides', () => {
    expect(chosen(lines, { scope: ['d'] })).toBe(3)
    expect(chosen(lines, { scope: ['a', 'd'] })).toBe(3)
  })

  it('is one of which it is not known what it can do', () => {
    expect(chosen([line(3, 'a'), line(2), line(1, 'a b')], { scope: ['b'] })).toBe(2)
  })

  it('is one that has a token for just this scope already', () => {
    const isServed = ({ number }: Line): boolean => number === 1
    expect(chosen([line(2, 'a'), line(1, 'b')], { scope: ['c'], isServed })).toBe(1)
  })

  it('is never one that the provider has refused while another is there', () => {
    const refused = [line(2, 'a b', 'invalid_grant'), line(1, 'a')]
    expect(chosen(refused, { scope: ['b'] })).toBe(1)
    expect(chosen([line(2, 'a b'), line(1, 'a')], { scope: ['b'], ...onlyUsable(1) })).toBe(1)
  })
})

describe('a scope', () => {
  it('is a set, with spaces or commas between its names', () => {
    expect(coversScope('a b', ['b', 'a', 'a'])).toBe(true)
    expect(coversScope(' a,b, c ', ['c', 'a'])).toBe(true)
    expect(coversScope('ab', ['a'])).toBe(false)
    expect(coversScope('', ['a'])).toBe(false)
    expect(isExactScope('a,b', ['b', 'a'])).toBe(true)
    expect(isExactScope('a b c', ['b', 'a'])).toBe(false)
    expect(isExactScope('a', ['b', 'a'])).toBe(false)
  })

  it('counts as everything if it is not known, and never as exactly something', () => {
    expect(coversScope(undefined, ['a'])).toBe(true)
    expect(isExactScope(undefined, ['a'])).toBe(false)
  })
})
