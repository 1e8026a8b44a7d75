import { describe, expect, it } from '@jest/globals'
import type { Fleet } from '../../bench/reliability/processes.js'
import type { Provider } from '../../bench/reliability/provider.js'
import type { Grant, RefreshTokenUse } from '../../bench/reliability/token-book.js'
import {
  causeOfLoss,
  causeOfUndoing,
  findReuses,
  findRevivals,
} from '../../bench/reliability/verdict.js'
import type { Facts } from '../../bench/reliability/verdict.js'

/** A refresh by process P at 100 s, and the same refresh token again by process Q at 120 s. */
const FIRST_MS = 100_000
const SECOND_MS = 120_000

interface Story {
  readonly first?: Partial<RefreshTokenUse>
  /** When Redis has acknowledged writes with the new tokens. */
  readonly keptAt?: readonly number[]
  /** When the second user has stored its mark. */
  readonly markedAt?: number
  readonly killedAt?: number
  readonly stoppedAt?: number
  /** When Redis lost what it had acknowledged. */
  readonly loss?: { readonly from: number; readonly to: number }
  readonly tokens?: Facts['tokens']
  readonly lifetime?: Facts['lifetime']
}

function factsOf({
  first,
  keptAt,
  markedAt,
  killedAt,
  stoppedAt,
  loss,
  tokens = 'redis',
  lifetime = 'login',
}: Story) {
  const grant: Grant = { id: 'g', person: 'ada', createdAt: 0, refreshTokens: [] }
  const accessToken = { name: 'access', grant, expiresAt: 0, shownBy: new Set<string>() }
  const use = { process: 'P', at: FIRST_MS, answeredAt: FIRST_MS, isAnswerLost: false, accessToken }
  const again = { process: 'Q', at: SECOND_MS, isAnswerLost: false }
  grant.refreshTokens.push({ grant, cameWith: 'old access', uses: [{ ...use, ...first }, again] })
  const ends = (at: number | undefined) => new Map(at === undefined ? [] : [['P', at]])
  const facts: Facts = {
    tokens,
    lifetime,
    provider: { grants: new Map([['g', grant]]) } as unknown as Provider,
    fleet: {
      keptAt: new Map([
        ['access', keptAt ?? []],
        ['old access', markedAt === undefined ? [] : [markedAt]],
      ]),
      killedAt: ends(killedAt),
      stoppedAt: ends(stoppedAt),
    } as unknown as Fleet,
    store: { name: 'Redis', outages: [], losses: loss === undefined ? [] : [loss] },
  }
  return facts
}

const causeOf = (story: Story) => findReuses(factsOf(story))[0]?.cause

describe('the verdict on a refresh token that was used twice', () => {
  it.each<[string, Story]>([
    ['nothing has happened', {}],
    ['the new tokens were stored', { keptAt: [FIRST_MS + 50] }],
    [
      'they were stored, and the process was killed after it',
      {
        keptAt: [FIRST_MS + 50],
        killedAt: FIRST_MS + 60,
      },
    ],
    ['the process was killed long after the answer', { killedAt: FIRST_MS + 15_000 }],
    [
      'Redis lost what was written at another time',
      {
        keptAt: [FIRST_MS + 50],
        loss: { from: FIRST_MS + 2_000, to: FIRST_MS + 3_000 },
      },
    ],
    [
      'Redis lost a write, and the tokens were stored again before the second use',
      {
        keptAt: [FIRST_MS + 50, FIRST_MS + 9_000],
        loss: { from: FIRST_MS, to: FIRST_MS + 1_000 },
      },
    ],
    [
      'they were stored again before the second use was marked',
      {
        keptAt: [FIRST_MS + 50, SECOND_MS - 2_000],
        markedAt: SECOND_MS - 1_000,
        loss: { from: FIRST_MS, to: FIRST_MS + 1_000 },
      },
    ],
    [
      'the new tokens were stored while the second use was marked',
      { keptAt: [SECOND_MS - 500], markedAt: SECOND_MS - 1_000 },
    ],
  ])('is a fault if %s', (_, story) => {
    expect(findReuses(factsOf(story))).toHaveLength(1)
    expect(causeOf(story)).toBeUndefined()
  })

  it.each<[string, Story]>([
    ['the network lost the answer', { first: { isAnswerLost: true } }],
    ['killed with its request in flight', { killedAt: FIRST_MS + 20 }],
    // The provider looks at a request a moment after it has come.
    ['killed with its request in flight', { killedAt: FIRST_MS - 20 }],
    [
      'stopped with its request in flight: the time for it was up',
      {
        first: { answeredAt: FIRST_MS + 15_000 },
        stoppedAt: FIRST_MS + 10_000,
      },
    ],
    ['the answer took over a minute', { first: { answeredAt: FIRST_MS + 61_000 } }],
    [
      'Redis lost a write it had acknowledged',
      {
        keptAt: [FIRST_MS + 50],
        loss: { from: FIRST_MS, to: FIRST_MS + 1_000 },
      },
    ],
    // The second user looks at nothing after its mark.
    [
      'Redis lost a write it had acknowledged',
      {
        keptAt: [FIRST_MS + 50, SECOND_MS - 500],
        markedAt: SECOND_MS - 1_000,
        loss: { from: FIRST_MS, to: FIRST_MS + 1_000 },
      },
    ],
    [
      'Redis lost a write it had acknowledged, and its process had ended',
      {
        keptAt: [FIRST_MS + 50],
        killedAt: FIRST_MS + 1_500,
        loss: { from: FIRST_MS, to: FIRST_MS + 1_000 },
      },
    ],
    [
      'Redis lost the mark of a refresh under way',
      {
        loss: { from: FIRST_MS - 1_000, to: FIRST_MS + 500 },
      },
    ],
  ])('is excused: %s', (cause, story) => {
    expect(causeOf(story)).toBe(cause)
  })

  it('knows no marks in sessions', () => {
    const loss = { from: FIRST_MS - 1_000, to: FIRST_MS + 500 }
    expect(causeOf({ loss, tokens: 'session' })).toBeUndefined()
  })
})

describe('the verdict on what browsers miss', () => {
  const loss = { from: 50_000, to: 51_000 }
  const seenAt = (at: number) => ({ person: 'eve', grant: undefined, at })

  it('excuses logins, logouts and changes that Redis has acknowledged and lost, and no others', () => {
    const facts = factsOf({ loss })
    const lost = (loggedInAt: number) =>
      causeOfLoss({ ...seenAt(60_000), loggedInAt, said: '' }, [], facts)
    const undone = (acknowledgedAt: number) =>
      causeOfUndoing({ person: 'eve', count: 1, acknowledgedAt, at: 60_000 }, facts)
    const revived = (at: number) => findRevivals([], [seenAt(at)], facts)[0]?.cause

    for (const verdict of [lost, undone, revived]) {
      expect(verdict(50_500)).toBe('Redis lost a write it had acknowledged')
      expect(verdict(40_000)).toBeUndefined()
    }
  })

  it('finds a grant that was refreshed after a logout, once the other processes have had time to see it', () => {
    const logout = (at: number) => ({ person: 'ada', grant: 'g', at })
    const facts = factsOf({})
    expect(findRevivals([logout(SECOND_MS - 20_000)], [], facts)).toMatchObject([
      { how: 'the grant was refreshed', cause: undefined },
    ])
    expect(findRevivals([logout(SECOND_MS - 5_000)], [], facts)).toEqual([])
  })

  it('lets a grant be refreshed after a logout that it survives', () => {
    const logout = { person: 'ada', grant: 'g', at: SECOND_MS - 20_000 }
    const facts = factsOf({ lifetime: 'account' })
    expect(findRevivals([logout], [], facts)).toEqual([])
    expect(findRevivals([], [logout], facts)).toHaveLength(1)
  })
})
