import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { providerText } from '../../src/lib/provider-text.js'

describe('providerText', () => {
  it('leaves plain text as it is', () => {
    expect(providerText('The code has expired (50 s ago): “try again”')).toBe(
      'The code has expired (50 s ago): “try again”',
    )
  })

  it.each([undefined, null, '', 5, {}, ['text']])('makes nothing of %j', (value) => {
    expect(providerText(value)).toBeUndefined()
  })

  it('makes one space of any run of control characters and line ends', () => {
    expect(providerText('a\r\n\tb\u0000c\u001b[31md\u0085e\u2028f\u2029g\u007f')).toBe(
      'a b c [31md e f g ',
    )
  })

  it.each([
    ...['\u200b', '\u200d', '\u2060', '\u00ad', '\ufeff', '\u034f', '\u061c', '\u180e', '\u3164'],
    ...['\u202e', '\u2066', '\ufff9', '\ufe0f', '\u{1d173}', '\u{e0041}', '\u{e0100}'],
  ])('shows a space where a character would be invisible: %j', (invisible) => {
    expect(providerText(`pass${invisible}word`)).toBe('pass word')
  })

  it('cuts to 300 characters and shows that it did', () => {
    expect(providerText('x'.repeat(300))).toBe('x'.repeat(300))
    expect(providerText('x'.repeat(301))).toBe(`${'x'.repeat(300)}…`)
  })

  it('takes out secrets before it cuts, so that no half of one stays', () => {
    const secret = 'a-secret-of-some-length'
    expect(providerText(`${'x'.repeat(290)}${secret}`, [secret])).toBe(`${'x'.repeat(290)}…`)
  })

  it('takes out every occurrence of every secret, and an empty one is none', () => {
    expect(providerText('one two one three', ['one', '', 'three'])).toBe('… two … …')
  })

  it('takes out the longer of two secrets that begin alike', () => {
    expect(providerText('got abcdef', ['abc', 'abcdef'])).toBe('got …')
  })

  it.each([
    ['in a form', 'a%2Fb+%C3%A9%26'],
    ['in a URL', 'a%2Fb%20%C3%A9%26'],
    ['as it is', 'a/b é&'],
    ['in a URL that leaves more as it is', "a%2Fb%20%C3%A9%26!'()~"],
  ])('takes out a secret as it stands %s', (_, spelling) => {
    expect(providerText(`got ${spelling}.`, ['a/b é&', "a/b é&!'()~"])).toBe('got ….')
  })

  it('takes out a secret as it stands in JSON', () => {
    expect(providerText('got {"code":"a\\"b\\\\c"}', ['a"b\\c'])).toBe('got {"code":"…"}')
  })

  it('copes with half a character', () => {
    expect(providerText('got \ud800', ['\ud800'])).toBe('got …')
  })

  it('reads a secret as text, never as a pattern', () => {
    expect(providerText('axb a.b', ['a.b'])).toBe('axb …')
    expect(providerText('price: $& and $1', ['$&'])).toBe('price: … and $1')
  })

  it.each([
    ['signed', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_X'],
    ['unsigned', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.'],
    ['encrypted', 'eyJhbGciOiJSU0EifQ.a2V5.aXY.Y2lwaGVy.dGFn'],
    ['encrypted directly', 'eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn'],
  ])('takes out a JWT that is %s', (_, jwt) => {
    expect(providerText(`the token "${jwt}" is bad`)).toBe('the token "…" is bad')
  })

  it('never lets a secret through, whatever stands around it', () => {
    const secrets = fc.string({ unit: 'grapheme', minLength: 8, maxLength: 60 })
    fc.assert(
      fc.property(fc.string(), secrets, fc.string(), (before, secret, after) => {
        const text = providerText(`${before}${secret}${after}`, [secret]) ?? ''
        expect(text.includes(secret)).toBe(false)
        expect(text.length).toBeLessThanOrEqual(301)
      }),
    )
  })
})
