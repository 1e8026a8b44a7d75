import { beforeEach, describe, expect, it } from '@jest/globals'
import type { ChosenClient } from '../../src/connect/choose-client.js'
import { createTargets } from '../../src/connect/targets.js'
import type { Targets, TargetsParts } from '../../src/connect/targets.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { createSealedNotes } from '../../src/grants/sealed-notes.js'
import { createSeal } from '../../src/lib/sealing.js'
import { createManualClock } from '../support/manual-clock.js'
import { GRANT_SECRET } from '../support/grant-modes.js'

const CLIENT: ChosenClient = {
  ...{ kind: 'registered', clientID: 'client-1' },
  redirectUri: 'https://app.example/connect/callback',
}
const TARGET = {
  ...{ resource: 'https://mcp.example/mcp', issuer: 'https://as.example' },
  ...{ client: CLIENT, dpop: false },
}

let open: () => Targets
beforeEach(() => {
  const store = createMemoryStore()
  const clock = createManualClock()
  // No strategy is made here: what that needs is left out.
  open = () =>
    createTargets({
      notes: createSealedNotes(store, createSeal(GRANT_SECRET, 'notes')),
      clock,
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
    const id = await open().save(TARGET)
    expect(await open().save(TARGET)).toBe(id)
    expect(await open().read(id)).toMatchObject({ resource: TARGET.resource, client: CLIENT })
    expect(await idsOf(open())).toEqual([id])
  })

  it.each([
    ['of another resource', { resource: 'https://mcp.example/other' }],
    ['at another server', { issuer: 'https://other.example' }],
    ['with another client', { client: { ...CLIENT, clientID: 'client-2' } }],
    ['with tokens that are bound to a key', { dpop: true }],
    // Otherwise, people would be sent to the one before for ever.
    [
      'with another callback',
      { client: { ...CLIENT, redirectUri: 'https://new.example/connect/callback' } },
    ],
  ])('is another one %s', async (_, changed) => {
    const targets = open()
    const id = await targets.save(TARGET)
    const other = await targets.save({ ...TARGET, ...changed })
    expect(other).not.toBe(id)
    const { resource, issuer, client } = { ...TARGET, ...changed }
    expect(await targets.read(other)).toMatchObject({ resource, issuer, client })
    expect((await idsOf(targets)).sort()).toEqual([id, other].sort())
  })

  it('has one key, whoever has saved it first', async () => {
    const bound = { ...TARGET, dpop: true }
    const [one, other] = await Promise.all([open().save(bound), open().save(bound)])
    expect(one).toBe(other)
    const key = (await open().read(one))?.dpopKey
    expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', d: expect.any(String) })
    await open().save(bound)
    expect((await open().read(one))?.dpopKey).toEqual(key)
  })
})
