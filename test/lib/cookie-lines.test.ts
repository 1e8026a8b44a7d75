import type { ServerResponse } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { cookieLine, readCookies, setCookie } from '../../src/lib/cookies.js'
import type { NewCookie } from '../../src/lib/cookies.js'
import type { LoginRequest } from '../../src/lib/login-request.js'

function read(cookie: string, prefix: string) {
  const request: unknown = { headers: { cookie } }
  return readCookies(request as LoginRequest, prefix)
}

describe('cookies that come with a request', () => {
  it('count by the first of those with one name, and the others are reported', () => {
    const cookies = read('a.1=one; b=x; a.1=two; a.2=y; a.1=three', 'a.')

    expect([...cookies]).toEqual([
      ['a.1', 'one'],
      ['a.2', 'y'],
    ])
    expect(cookies.duplicates).toEqual(['a.1'])
  })

  it('are no duplicates when they are the same', () => {
    expect(read('a=1; a=1', 'a').duplicates).toEqual([])
  })

  it('have exact names: upper and lower case, and all bytes', () => {
    const cookies = read(
      '__host-login.a=1; __HOST-LOGIN.a=2; \xa0__Host-login.a=3; =__Host-login.a=4',
      '__Host-',
    )

    expect([...cookies]).toEqual([])
  })

  it('may be called like members of every object', () => {
    expect([...read('__proto__=1; constructor=2', '')]).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ])
  })
})

const PLAIN: NewCookie = { name: 'a', value: 'b', sameSite: 'Lax' }

describe('a cookie that is set', () => {
  it('has all its attributes, and those that were not set are left out', () => {
    expect(cookieLine(PLAIN)).toBe('a=b; Path=/; SameSite=Lax')
    expect(
      cookieLine({
        ...{ name: '__Host-a', value: 'b.c', path: '/', maxAgeSeconds: 0 },
        ...{ secure: true, httpOnly: true, sameSite: 'None' },
      }),
    ).toBe('__Host-a=b.c; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=0')
  })

  it.each<[string, Partial<NewCookie>]>([
    ['an empty name', { name: '' }],
    ...['\0', '\r\n', ';', ',', '=', ' ', '\t', '"', '\x7f', '\xa0', 'é'].flatMap(
      (character): [string, Partial<NewCookie>][] => [
        [`${JSON.stringify(character)} in the name`, { name: `a${character}b` }],
        ...(character === '='
          ? []
          : ([[`${JSON.stringify(character)} in the value`, { value: `a${character}b` }]] as [
              string,
              Partial<NewCookie>,
            ][])),
      ],
    ),
    ['a line end after the name', { name: 'a\n' }],
    ['a line end after the value', { value: 'a\n' }],
    ['an attribute in the path', { path: '/; Domain=example.com' }],
    ['a line end in the path', { path: '/a\r\nSet-Cookie: b=c' }],
    ['a path that is none', { path: 'a' }],
    ['no path', { path: '' }],
    ['an age that is no number', { maxAgeSeconds: Number.NaN }],
    ['an age with a fraction', { maxAgeSeconds: 1.5 }],
    ['SameSite=None without Secure', { sameSite: 'None' }],
    ['the prefix __Host- without Secure', { name: '__Host-a' }],
    ['the prefix __Secure- without Secure', { name: '__Secure-a' }],
    ['a prefix in another case without Secure', { name: '__hOST-a' }],
    ['the prefix __Host- and a path', { name: '__Host-a', secure: true, path: '/a' }],
  ])('is refused with %s, and no header is set', (_title, wrong) => {
    const headers: string[] = []
    const response = {
      appendHeader: (_name: string, value: string) => headers.push(value),
    } as unknown as ServerResponse

    expect(() => setCookie(response, { ...PLAIN, ...wrong })).toThrow(TypeError)
    expect(headers).toEqual([])
  })

  it('is not shown by the error', () => {
    const secret = 'secret-value;'
    expect(() => cookieLine({ ...PLAIN, value: secret })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    )
  })
})
