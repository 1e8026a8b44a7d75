import { request } from 'node:http'
import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import { cookiePendingLogins } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { startLogin } from '../support/login.js'
import { setScene } from '../support/scene.js'

// Some tests send a request for each byte.
jest.setTimeout(60_000)

// Which cookies count as ours shows in whether a callback finds the pending login that one of them holds.
const scene = setScene()
let app: TestApp
let callback: string
let name: string
let value: string

beforeEach(async () => {
  const pendingLogins = cookiePendingLogins({ secret: 'a secret of 32 characters or more' })
  app = await scene.start({ strategy: { pendingLogins } })
  const browser = new Browser()
  ;({ callback } = await startLogin(browser, app.loginURL))
  ;[[name, value] = ['', '']] = [...browser.cookies(app.origin)].filter(([one]) =>
    one.startsWith('__Host-login.'),
  )
})

/** Whether a request with this `Cookie` header, a byte for each of its characters, finishes the login. */
async function finishesLogin(header: string): Promise<boolean> {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    // Node.js writes headers as Latin-1.
    const sent = request(callback, { headers: { cookie: header } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    sent.on('error', reject).end()
  })
  const codes = app.errors.splice(0).map((error) => (error as { code?: unknown }).code)
  expect([status, codes]).toEqual(status === 302 ? [302, []] : [400, ['ERR_PENDING_LOGIN_UNKNOWN']])
  return status === 302
}

/** All bytes but those that Node.js refuses in a header, and the semicolon, which ends a cookie. */
const BYTES = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).filter((one) =>
  // eslint-disable-next-line no-control-regex -- these are the ones
  /[^\x00-\x08\x0a-\x1f\x7f;]/.test(one),
)

describe('the cookie of a pending login', () => {
  it('is found by itself, among others, and in double quotes where it was sent so', async () => {
    expect(await finishesLogin(`a=b; ${name}=${value}; c="d"`)).toBe(true)
  })

  it.each([
    ['a space', ' '],
    ['a tab', '\t'],
    ['spaces and tabs', ' \t \t'],
  ])('is found between %s', async (_title, space) => {
    expect(await finishesLogin(`a=b;${space}${name}=${value}${space};${space}c=d`)).toBe(true)
  })

  it('is found beside cookies that are none', async () => {
    expect(await finishesLogin(`\xa0=\xa0; =; ;; a b=c; "; é; ${name}=${value}`)).toBe(true)
  })

  it.each([
    ['the byte 0xA0, which String.trim takes for a space', '\xa0'],
    ['a byte order mark', '\xef\xbb\xbf'],
    ['a no-break space in UTF-8', '\xc2\xa0'],
    ['an ideographic space in UTF-8', '\xe3\x80\x80'],
    ['a next line', '\x85'],
    ['a quote', '"'],
    ['a comma', ','],
    ['an equals sign', '='],
    ['a space and the byte 0xA0', ' \xa0'],
    ['the byte 0xA0 and a space', '\xa0 '],
  ])('is not one whose name has %s before it', async (_title, before) => {
    expect(await finishesLogin(`${before}${name}=${value}`)).toBe(false)
    expect(await finishesLogin(`a=b; ${before}${name}=${value}; c=d`)).toBe(false)
  })

  it('is not one whose name has any byte before it but a space or a tab', async () => {
    const found: string[] = []
    for (const byte of BYTES.filter((one) => one !== ' ' && one !== '\t')) {
      if (await finishesLogin(`a=b; ${byte}${name}=${value}`)) found.push(byte)
    }
    expect(found).toEqual([])
  })

  it('is not one with any other byte behind its name or its value', async () => {
    const found: string[] = []
    for (const byte of BYTES.filter((one) => one !== ' ' && one !== '\t')) {
      if (byte !== '=' && (await finishesLogin(`${name}${byte}=${value}`))) found.push(byte)
      if (await finishesLogin(`${name}=${value}${byte}`)) found.push(byte)
    }
    expect(found).toEqual([])
  })

  it('is not one with a space between its name and its value', async () => {
    for (const between of [' =', '= ', '\t=', '=\t']) {
      expect(await finishesLogin(`${name}${between}${value}`)).toBe(false)
    }
  })
})
