import { beforeEach, describe, expect, it } from '@jest/globals'
import type { ChosenClient } from '../../src/connect/choose-client.js'
import { createTargets } from '../../src/connect/targets.js'
import type { Targets, TargetsParts } from '../../src/connect/targets.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { createSealedNotes } from '../../src/grants/sealed-notes.js'
import { createSeal } from '../../src/lib/sealing.js'
import type { GrantStore } from '../../src/options/grant-store.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'
import { GRANT_SECRET } from '../support/grant-modes.js'

const CLIENT: ChosenClient = {
  ...{ kind: 'registered', clientID: 'client-1' },
  redirectUri: 'https://app.example/connect/callback',
}
const TARGET = {
  ...{ resource: 'https://mcp.example/mcp', issuer: 'https://as.example' },
  authorizationURL: 'https://as.example/authorize',
  ...{ client: CLIENT, dpop: false },
}

const HOUR_MS = 60 * 60_000
const YEAR_MS = 365 * 24 * HOUR_MS
const MAXIMUM = 3

let open: () => Targets
let store: GrantStore
let clock: ManualClock
beforeEach(() => {
  clock = createManualClock()
  store = createMemoryStore({ clock })
  // No strategy is made here: what that needs is left out.
  open = () =>
    createTargets({
      notes: createSealedNotes(store, createSeal(GRANT_SECRET, 'notes')),
      clock,
      settings: { maximumPerAccount: MAXIMUM },
      strategies: { present: () => new Map() },
    } as unknown as TargetsParts)
})

async function idsOf(targets: Targets): Promise<string[]> {
  const ids: string[] = []
  for await (const id of targets.others()) ids.push(id)
  return ids
}

describe('a target', () => {
  it('is the same for everybody who connects the same, in all processes', async () => {
    const id = await open().start('ada', TARGET)
    expect(await open().start('ada', TARGET)).toBe(id)
    expect(await open().read(id)).toMatchObject({ resource: TARGET.resource, client: CLIENT })
    await open().keep('ada', id)
    expect(await idsOf(open())).toEqual([id])
  })

  it.each([
    ['of another resource', { resource: 'https://mcp.example/other' }],
    ['at another server', { issuer: 'https://other.example' }],
    ['with another login page', { authorizationURL: 'https://as.example/other' }],
    ['with another client', { client: { ...CLIENT, clientID: 'client-2' } }],
    // Otherwise, people would be connected with a secret that the server does not take any more.
    ['with a client of another secret', { client: { ...CLIENT, clientSecret: 'new' } }],
    [
      'with a client that authenticates otherwise',
      { client: { ...CLIENT, clientAuthentication: 'none' as const } },
    ],
    ['with tokens that are bound to a key', { dpop: true }],
    // Otherwise, people would be sent to the one before for ever.
    [
      'with another callback',
      { client: { ...CLIENT, redirectUri: 'https://new.example/connect/callback' } },
    ],
  ])('is another one %s', async (_, changed) => {
    const targets = open()
    const id = await targets.start('ada', TARGET)
    const other = await targets.start('ada', { ...TARGET, ...changed })
    expect(other).not.toBe(id)
    const { resource, issuer, client } = { ...TARGET, ...changed }
    expect(await targets.read(other)).toMatchObject({ resource, issuer, client })
  })

  it('has one key, whoever has saved it first', async () => {
    const bound = { ...TARGET, dpop: true }
    const [one, other] = await Promise.all([open().start('ada', bound), open().start('ada', bound)])
    expect(one).toBe(other)
    const key = (await open().read(one))?.dpopKey
    expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', d: expect.any(String) })
    await open().start('ada', bound)
    expect((await open().read(one))?.dpopKey).toEqual(key)
  })
})

describe('a target that was only begun with', () => {
  const LIST = 'targets-of/ada'

  it('is gone after some hours, and nothing is left of it', async () => {
    const id = await open().start('ada', TARGET)
    expect(await store.linked(LIST, 10)).toEqual([id])
    expect(await idsOf(open())).toEqual([])
    clock.advance(5 * HOUR_MS)
    expect(await open().read(id)).toBeDefined()
    clock.advance(HOUR_MS)
    expect(await open().read(id)).toBeUndefined()
    expect(await store.linked(LIST, 10)).toEqual([])
  })

  it('lives for hours again when somebody begins again, with the same key', async () => {
    const bound = { ...TARGET, dpop: true }
    const id = await open().start('ada', bound)
    const key = (await open().read(id))?.dpopKey
    clock.advance(5 * HOUR_MS)
    await open().start('ben', bound)
    clock.advance(5 * HOUR_MS)
    expect((await open().read(id))?.dpopKey).toEqual(key)
  })

  it('lives as long as connections once it is connected, whoever begins with it later', async () => {
    const id = await open().start('ada', TARGET)
    await open().keep('ada', id)
    clock.advance(YEAR_MS)
    await open().start('ben', TARGET)
    clock.advance(7 * HOUR_MS)
    expect(await open().read(id)).toBeDefined()
    expect(await idsOf(open())).toEqual([id])
    expect(await store.linked(LIST, 10)).toEqual([id])
    expect(await store.linked('targets-of/ben', 10)).toEqual([])
  })

  it('stays gone if it has gone before it is kept', async () => {
    await open().keep('ada', 'gone')
    expect(await open().read('gone')).toBeUndefined()
    expect(await idsOf(open())).toEqual([])
  })

  it('is one of few for a person each day', async () => {
    const start = (number: number, account = 'ada'): Promise<string> =>
      open().start(account, { ...TARGET, resource: `https://mcp.example/${number}` })
    for (let number = 0; number < MAXIMUM + 50; number++) await start(number)
    const tooMany = { code: 'ERR_NOT_CONNECTABLE', reason: 'too_many' }
    await expect(start(-1)).rejects.toMatchObject(tooMany)
    expect(await store.linked(LIST, 100)).toHaveLength(MAXIMUM + 50)
    // What was begun with before, other people, and tomorrow.
    await start(0)
    await start(-1, 'ben')
    clock.advance(24 * HOUR_MS)
    await start(-1)
  })
})
