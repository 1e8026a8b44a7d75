import { Readable } from 'node:stream'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { createJobs } from '../../src/connect/connect-jobs.js'
import { createStoredConnections } from '../../src/connect/connections.js'
import type { StoredConnection, StoredConnections } from '../../src/connect/connections.js'
import { createDisconnect } from '../../src/connect/disconnect.js'
import { createRegistrations } from '../../src/connect/registrations.js'
import { createTargets } from '../../src/connect/targets.js'
import type { NewTarget, Targets, TargetsParts } from '../../src/connect/targets.js'
import { createWantedNotes } from '../../src/connect/wanted-notes.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { createSealedNotes } from '../../src/grants/sealed-notes.js'
import type { SealedNotes } from '../../src/grants/sealed-notes.js'
import { createSeal } from '../../src/lib/sealing.js'
import type { GrantStore } from '../../src/options/grant-store.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'
import { trustedServer } from '../support/trusted-server.js'

const ISSUER = 'https://as.example'
const FOREIGN = { code: 'ERR_STORAGE', fault: 'developer' }
const DOWN = { code: 'ERR_STORAGE', fault: 'storage' }
const CONNECTION: StoredConnection = {
  ...{ account: 'ada', address: 'https://mcp.example/mcp', resource: 'https://mcp.example/mcp' },
  ...{
    issuer: ISSUER,
    authorizationURL: `${ISSUER}/authorize`,
    target: 'target-1',
    scope: [],
    connectedAt: 1,
  },
}
const OTHER = { ...CONNECTION, resource: 'https://mcp.example/other', connectedAt: 2 }

let store: GrantStore
let isDown: boolean
let clock: ManualClock
/** What a process sees that has the secret, and one that has lost it. */
let own: Process
let lost: Process
beforeEach(() => {
  clock = createManualClock()
  isDown = false
  const memory = createMemoryStore({ clock })
  store = {
    ...memory,
    get: (id) => (isDown ? Promise.reject(new Error('connection lost')) : memory.get(id)),
  }
  own = processWith(GRANT_SECRET)
  lost = processWith('another secret, of 32 characters or more')
})

interface Process {
  readonly notes: SealedNotes
  readonly connections: StoredConnections
  readonly targets: Targets
  readonly eraseAll: (account: string) => Promise<number>
}

function processWith(secret: string): Process {
  const notes = createSealedNotes(store, createSeal(secret, 'notes'))
  const connections = createStoredConnections(notes, clock)
  // No strategy is made here: what that needs is left out.
  const settings = { maximumPerAccount: 50 }
  const parts = { notes, clock, settings, strategies: { present: () => new Map() } }
  const targets = createTargets(parts as unknown as TargetsParts)
  return { notes, connections, targets, eraseAll: createDisconnect({ connections, targets }).all }
}

describe('a connection that cannot be read', () => {
  beforeEach(async () => {
    await own.connections.save(CONNECTION)
    await lost.connections.save(OTHER)
  })

  it('is left out, and hides no other', async () => {
    expect(await lost.connections.list('ada')).toMatchObject([OTHER])
    expect(await own.connections.list('ada')).toMatchObject([CONNECTION])
  })

  it('is replaced when the person connects it again', async () => {
    await own.connections.save(OTHER)
    expect(await own.connections.list('ada')).toMatchObject([OTHER, CONNECTION])
  })

  it('does not wait for the person', async () => {
    await lost.connections.wait(CONNECTION, { reason: 'refused', since: 2 })
    expect(await own.connections.list('ada')).toMatchObject([CONNECTION])
  })

  it('is removed with all of the person', async () => {
    expect(await lost.eraseAll('ada')).toBe(0)
    expect(await processWith(GRANT_SECRET).connections.list('ada')).toEqual([])
    expect(await store.linked('connections/ada', 10)).toEqual([])
  })

  it('is an error if the store fails', async () => {
    isDown = true
    await expect(lost.connections.list('ada')).rejects.toMatchObject(DOWN)
    await expect(lost.connections.save(OTHER)).rejects.toMatchObject(DOWN)
    await expect(lost.eraseAll('ada')).rejects.toMatchObject(DOWN)
  })
})

describe('a registration that cannot be read', () => {
  it('is made again, and replaced', async () => {
    const clients = ['client-1', 'client-2']
    const registrationsOf = ({ notes }: Process) =>
      createRegistrations({
        ...{ notes, clock, redirectUriOf: () => 'https://app.example/connect/callback/x' },
        isForgotten: () => Promise.resolve(false),
        register: () =>
          Promise.resolve({ clientID: clients.shift() ?? 'none', clientAuthentication: 'none' }),
      })
    const server = trustedServer(ISSUER)
    await registrationsOf(own).clientAt(server, 'ada')
    const other = registrationsOf(lost)
    await other.forget(ISSUER, 'client-1')
    expect(await other.clientAt(server, 'ada')).toMatchObject({ clientID: 'client-2' })
    expect(await registrationsOf(lost).clientAt(server, 'ada')).toMatchObject({
      clientID: 'client-2',
    })
    isDown = true
    await expect(registrationsOf(lost).clientAt(server, 'ada')).rejects.toMatchObject(DOWN)
  })
})

describe('what a resource has said, and cannot be read', () => {
  it('is replaced by what it says now', async () => {
    await createWantedNotes(own.notes).write('ada', 'https://mcp.example/', { scope: ['a'] })
    const wanted = createWantedNotes(lost.notes)
    expect(await wanted.read('ada', 'https://mcp.example/')).toBeUndefined()
    await wanted.write('ada', 'https://mcp.example/', { scope: ['b'] })
    expect(await wanted.read('ada', 'https://mcp.example/')).toEqual({ scope: ['b'] })
    isDown = true
    await expect(wanted.read('ada', 'https://mcp.example/')).rejects.toMatchObject(DOWN)
  })
})

describe('a target that cannot be read', () => {
  const TARGET: NewTarget = {
    ...{
      resource: 'https://mcp.example/mcp',
      issuer: ISSUER,
      authorizationURL: `${ISSUER}/authorize`,
      dpop: false,
    },
    client: {
      ...{ kind: 'registered', clientID: 'client-1' },
      redirectUri: 'https://app.example/connect/callback',
    },
  }

  it('counts as absent, and is replaced, if it was damaged', async () => {
    const id = await own.targets.start('ada', TARGET)
    const note = await own.notes.look(`target/${id}`)
    await own.notes.write('another', undefined, {}, 60_000)
    const other = await store.get('note/another')
    const moved = { version: 'moved', value: other?.value ?? '' }
    await store.compareAndSet(`note/target/${id}`, note?.version, moved, 60_000)
    expect(await own.targets.read(id)).toBeUndefined()
    expect(await own.targets.start('ada', TARGET)).toBe(id)
    expect(await own.targets.read(id)).toMatchObject({ client: TARGET.client })
  })

  it('is left to those who have its secret, and another one is made: everybody there uses it', async () => {
    const id = await own.targets.start('ada', TARGET)
    await own.targets.keep('ada', id)
    await expect(lost.targets.read(id)).rejects.toMatchObject(FOREIGN)
    await expect(lost.targets.keep('ada', id)).rejects.toMatchObject(FOREIGN)

    const beside = await lost.targets.start('ben', TARGET)
    expect(beside).not.toBe(id)
    expect(await lost.targets.start('carla', TARGET)).toBe(beside)
    expect(await lost.targets.read(beside)).toMatchObject({ client: TARGET.client })
    expect(await own.targets.read(id)).toMatchObject({ isKept: true })
    expect(await own.targets.start('dora', TARGET)).toBe(id)

    isDown = true
    await expect(lost.targets.read(id)).rejects.toMatchObject(DOWN)
    await expect(lost.targets.start('ada', TARGET)).rejects.toMatchObject(DOWN)
  })

  it('is reported by the jobs after all others', async () => {
    const renewed: string[] = []
    const ids = ['a', 'unreadable', 'b']
    const { renewIdle } = createJobs({
      disconnect: () => Promise.resolve(0),
      targets: {
        others: () => Readable.from(ids) as AsyncIterable<string>,
        strategyForJob: (id) =>
          id === 'unreadable'
            ? lost.targets.strategyForJob(id)
            : (Promise.resolve({
                jobs: {
                  renewIdle() {
                    renewed.push(id)
                    return Promise.resolve({ renewed: 1, loginRequired: 0, failed: 0 })
                  },
                },
              }) as never),
      },
    })
    await own.notes.write('target/unreadable', undefined, TARGET, 60_000)
    await expect(renewIdle(0)).rejects.toMatchObject(FOREIGN)
    expect(renewed).toEqual(['a', 'b'])
  })

  it('is reported when all of a person ends, and everything else has ended', async () => {
    const id = await own.targets.start('ada', TARGET)
    await own.notes.link('targets-of/ada', 'gone', 60_000)
    await lost.connections.save(OTHER)
    await expect(lost.eraseAll('ada')).rejects.toMatchObject(FOREIGN)
    expect(await lost.connections.list('ada')).toEqual([])
    // With the secret, it can be ended.
    expect(await store.linked('targets-of/ada', 10)).toEqual([id])
  })
})
