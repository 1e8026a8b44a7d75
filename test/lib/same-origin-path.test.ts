import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { sameOriginPath } from '../../src/lib/same-origin-path.js'

describe('sameOriginPath', () => {
  it.each([
    ['/', '/'],
    ['/cart', '/cart'],
    ['/cart?step=2#total', '/cart?step=2#total'],
    ['/a//b', '/a//b'],
    ['/a/../b', '/b'],
    ['/./a', '/a'],
    ['/../../etc/passwd', '/etc/passwd'],
    ['/a?next=https://evil.example', '/a?next=https://evil.example'],
    ['/a?next=//evil.example', '/a?next=//evil.example'],
    ['/@evil.example', '/@evil.example'],
    ['/:80', '/:80'],
    ['/https://evil.example', '/https://evil.example'],
    ['/%2F%2Fevil.example', '/%2F%2Fevil.example'],
    ['/%5Cevil.example', '/%5Cevil.example'],
    ['/über uns', '/%C3%BCber%20uns'],
    ['/a\\b', '/a/b'],
    ['/a\r\nSet-Cookie: a=b', '/aSet-Cookie:%20a=b'],
    ['/a\u0000b', '/a%00b'],
    [`/${'a'.repeat(2047)}`, `/${'a'.repeat(2047)}`],
  ])('keeps %j as %j', (value, path) => {
    expect(sameOriginPath(value)).toBe(path)
  })

  it.each([
    ['nothing', ''],
    ['no slash', 'cart'],
    ['a relative path', './cart'],
    ['a parent', '../cart'],
    ['a query alone', '?a=b'],
    ['a fragment alone', '#a'],
    ['a URL', 'https://evil.example'],
    ['a URL in capitals', 'HTTPS://evil.example'],
    ['a URL with one slash', 'https:/evil.example'],
    ['a URL with none', 'https:evil.example'],
    ['a script', 'javascript:alert(1)'],
    ['a script with a slash', 'javascript:/alert(1)'],
    ['data', 'data:text/html,hello'],
    ['no scheme', '//evil.example'],
    ['no scheme, three slashes', '///evil.example'],
    ['no scheme, four slashes', '////evil.example'],
    ['two backslashes', '\\\\evil.example'],
    ['a backslash second', '/\\evil.example'],
    ['a backslash first', '\\/evil.example'],
    ['backslashes and slashes', '/\\/\\evil.example'],
    ['a tab between the slashes', '/\t/evil.example'],
    ['a line feed between the slashes', '/\n/evil.example'],
    ['a carriage return between the slashes', '/\r/evil.example'],
    ['a tab and a backslash', '/\t\\evil.example'],
    ['a tab in front', '\t//evil.example'],
    ['a space in front', ' //evil.example'],
    ['a space before a good path', ' /cart'],
    ['a byte order mark in front', '\uFEFF//evil.example'],
    ['a null in front', '\u0000//evil.example'],
    ['dots that turn into a host', '/.//evil.example'],
    ['dots and a backslash', '/.\\/evil.example'],
    ['a parent that turns into a host', '/a/..//evil.example'],
    ['encoded dots that turn into a host', '/%2e//evil.example'],
    ['an encoded parent', '/a/%2E%2e//evil.example'],
    ['user and host', '//user@evil.example'],
    ['a host that cannot be', '//['],
    ['a port that cannot be', '//a:port'],
    ['our own origin, spelled out', 'https://here.invalid/cart'],
    ['our own host without a scheme', '//here.invalid//evil.example'],
    ['a path too long', `/${'a'.repeat(2048)}`],
    ['a path that is too long once encoded', `/${'é'.repeat(2000)}`],
  ])('refuses %s', (_, value) => {
    expect(sameOriginPath(value)).toBeUndefined()
  })

  it.each([undefined, null, 5, true, [], ['/cart'], { toString: () => '/cart' }])(
    'refuses what is no text: %j',
    (value) => {
      expect(sameOriginPath(value)).toBeUndefined()
    },
  )

  /** Pieces that mean something to a URL parser, and plain characters of every kind. */
  const pieces = fc.constantFrom(
    ...['/', '//', '\\', '.', '..', '%2e', '%2E%2e', '%2f', '%5c', ':', '@', '?', '#', '[', ']'],
    ...['\t', '\n', '\r', '\0', ' ', '\u00a0', '\u2028', '\ufeff', '／', '。', 'é', '\ud800'],
    ...['https:', 'javascript:', 'evil.example', 'here.invalid', 'a', '&', '=', '%', '|'],
  )
  const values = fc.oneof(
    fc.string({ unit: pieces, maxLength: 12 }),
    fc.string({ unit: pieces, maxLength: 12 }).map((value) => `/${value}`),
    fc.string({ unit: 'binary' }).map((value) => `/${value}`),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.string({ unit: 'grapheme', minLength: 300, maxLength: 3000 }).map((value) => `/${value}`),
  )

  it('gives back only what every browser resolves to the same origin [same-origin-path-1]', () => {
    fc.assert(
      fc.property(values, (value) => {
        const path = sameOriginPath(value)
        if (path === undefined) return
        for (const here of ['https://app.example/auth/callback?a=b', 'http://127.0.0.1:3000/']) {
          expect(new URL(path, here).origin).toBe(new URL(here).origin)
        }
        expect(path).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/)
        expect(path.length).toBeLessThanOrEqual(2048)
      }),
      { numRuns: 3000 },
    )
  })

  it('gives back what it would give back again', () => {
    fc.assert(
      fc.property(values, (value) => {
        const path = sameOriginPath(value)
        fc.pre(path !== undefined)
        expect(sameOriginPath(path)).toBe(path)
      }),
      { numRuns: 3000 },
    )
  })
})
