import { describe, expect, it } from '@jest/globals'
import { scopeNames, unionOf } from '../../src/connect/scope-names.js'

describe('the scopes that a server has written', () => {
  it('are read from a text and from a list, each once, in their order', () => {
    expect(scopeNames('read  write read ')).toEqual(['read', 'write'])
    expect(scopeNames(['b', 'a', 'b'])).toEqual(['b', 'a'])
    expect(scopeNames('')).toEqual([])
  })

  it('are those that can be scopes: RFC 6749, section 3.3', () => {
    const strange = ['a b', 'a"b', 'a\\b', 'a\nb', 'ä', '', 'x'.repeat(201), 5, null, ['a'], {}]
    const possible = ['!', '~', 'https://h.example/.default', 'a:b/c', '<script>', 'x'.repeat(200)]
    expect(scopeNames([...strange, ...possible])).toEqual(possible)
    expect(scopeNames('a\tb read')).toEqual(['read'])
  })

  it('are 50 at most', () => {
    const many = Array.from({ length: 1_000 }, (_, number) => `scope-${number}`)
    expect(scopeNames(many)).toEqual(many.slice(0, 50))
    expect(scopeNames(many.join(' '))).toHaveLength(50)
    expect(unionOf(many.slice(0, 40), many.slice(30, 80))).toEqual(many.slice(0, 50))
  })

  it('are joined without those that are there already', () => {
    expect(unionOf(['a', 'b'], undefined, ['b', 'c'], [])).toEqual(['a', 'b', 'c'])
    expect(unionOf(undefined)).toEqual([])
  })
})
