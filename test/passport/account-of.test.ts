import { describe, expect, it } from '@jest/globals'
import { createAccountOf } from '../../src/passport/account-of.js'
import { defaultUser } from '../../src/passport/default-user.js'

const profileOf = (id: string) => ({ provider: 'any', id, _json: {} })
const accountOf = createAccountOf(undefined)
const REFUSED = expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'accountOf' })

describe('the account of a user that this library has made', () => {
  it('names the provider, and is the one in the user', () => {
    const user = defaultUser('work', profileOf('7'))

    expect(accountOf(user)).toBe('default-user/work/7')
    expect(user.account).toBe('default-user/work/7')
  })

  it('is never that of a person of another provider', () => {
    const pairs = [
      ['a', 'b/c'],
      ['a/b', 'c'],
      ['a%2Fb', 'c'],
      ['a%252Fb', 'c'],
      ['a%2fb', 'c'],
      ['a', '/b/c'],
      ['a/', 'b/c'],
      ['', 'a/b/c'],
    ] as const
    const accounts = pairs.map(([name, id]) => accountOf(defaultUser(name, profileOf(id))))

    expect(new Set(accounts).size).toBe(pairs.length)
  })

  it('does not follow what the application does to the user', () => {
    const user = Object.assign(defaultUser('school', profileOf('1')), {
      provider: 'work',
      account: 'default-user/work/1',
    })

    expect(accountOf(user)).toBe('default-user/school/1')
  })

  it.each([
    ['a provider without profiles', undefined],
    ['a userProfile of an application that finds no id', profileOf('')],
  ])('is none with %s', (_what, profile) => {
    const user = defaultUser('work', profile)

    expect([accountOf(user), user.account]).toEqual([undefined, undefined])
  })

  it('is what accountOf returns, unless that is the bare id', () => {
    const user = defaultUser('work', profileOf('7'))

    expect(createAccountOf(() => 'ada')(user)).toBe('ada')
    expect(createAccountOf((one: typeof user) => one.account)(user)).toBe('default-user/work/7')
    expect(createAccountOf((one: typeof user) => `w:${one.id ?? ''}`)(user)).toBe('w:7')
    expect(createAccountOf(() => undefined)(user)).toBeUndefined()
    expect(() => createAccountOf((one: typeof user) => one.id)(user)).toThrow(REFUSED)
    expect(() => createAccountOf(() => 7)(user)).toThrow(REFUSED)
  })
})

describe('the account of any other user', () => {
  it.each([
    [{ id: 7 }, '7'],
    [{ id: 'ada' }, 'ada'],
    [{ id: 'ada', provider: undefined }, 'ada'],
    [{ name: 'Ada' }, undefined],
    [{ id: null, provider: 'work' }, undefined],
  ])('is its id: %j', (user, account) => {
    expect(accountOf(user)).toBe(account)
  })

  it.each([
    ['a profile', profileOf('7')],
    ['a copy of a default user', { ...defaultUser('work', profileOf('7')) }],
    ['a default user from JSON', JSON.parse(JSON.stringify(defaultUser('work', profileOf('7'))))],
    ['a profile with a number', { provider: 'work', id: 7 }],
    ['an id that default users have', { id: 'default-user/work/7' }],
  ])('is refused if it could be somebody else’s: %s', (_, user: object) => {
    expect(() => accountOf(user)).toThrow(REFUSED)
  })

  it('is what accountOf returns, unless that is the account of a default user', () => {
    const user = { provider: 'work', id: '7', name: 'default-user/work/7' }

    expect(createAccountOf(({ id }: typeof user) => id)(user)).toBe('7')
    expect(() => createAccountOf(({ name }: typeof user) => name)(user)).toThrow(REFUSED)
  })

  it.each([[''], [{}], [Number.NaN], [true]])('is refused if it is none: %p', (value) => {
    expect(() => createAccountOf(() => value)({})).toThrow(REFUSED)
  })
})
