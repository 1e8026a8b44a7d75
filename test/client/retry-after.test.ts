import { describe, expect, it } from '@jest/globals'
import { retryAfterMs } from '../../src/client/retry-after.js'

const NOW = Date.parse('Sun, 06 Nov 1994 08:49:37 GMT')

describe('Retry-After', () => {
  it.each<[string, string | string[] | undefined, number | undefined]>([
    ['seconds', '120', 120_000],
    ['no seconds', '0', 0],
    ['seconds with spaces around', ' 5 ', 5_000],
    ['more than 15 minutes', '86400', 900_000],
    ['more than a number can hold', '9'.repeat(400), 900_000],
    ['a date', 'Sun, 06 Nov 1994 08:50:07 GMT', 30_000],
    ['a date in the format of RFC 850', 'Sunday, 06-Nov-94 08:50:07 GMT', 30_000],
    ['a date in the format of asctime', 'Sun Nov  6 08:50:07 1994', 30_000],
    ['a date that is far away', 'Mon, 07 Nov 1994 08:49:37 GMT', 900_000],
    ['this moment', 'Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['the first of several', ['7', '9'], 7_000],
  ])('says how long to wait by %s', (_, value, expected) => {
    expect(retryAfterMs({ headers: { 'retry-after': value } }, NOW)).toBe(expected)
  })

  it.each<[string, string | string[] | undefined]>([
    ['it is missing', undefined],
    ['it is empty', ''],
    ['it is a list of none', []],
    ['it is negative', '-5'],
    ['it is a fraction', '1.5'],
    ['it has a unit', '5s'],
    ['it is hexadecimal', '0x10'],
    ['it is in the past', 'Sun, 06 Nov 1994 08:49:36 GMT'],
    ['it is no date', 'Sun, 99 Nov 1994 08:49:37 GMT'],
    ['it is a date that is not HTTP’s', '1994-11-06T08:50:07Z'],
    ['it is a date of another time zone', 'Sun, 06 Nov 1994 08:50:07 +0100'],
  ])('is left out if %s', (_, value) => {
    expect(retryAfterMs({ headers: { 'retry-after': value } }, NOW)).toBeUndefined()
  })

  it('counts a date from the provider’s own time, if the answer has it', () => {
    const headers = {
      'retry-after': 'Sun, 06 Nov 1994 07:00:20 GMT',
      date: 'Sun, 06 Nov 1994 07:00:00 GMT',
    }
    expect(retryAfterMs({ headers }, NOW)).toBe(20_000)
  })
})
