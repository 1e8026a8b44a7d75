import { beforeEach, describe, expect, it } from '@jest/globals'
import type { DynamicClient } from '../../src/connect/client-registration.js'
import { createRegistrations } from '../../src/connect/registrations.js'
import type { Registrations } from '../../src/connect/registrations.js'
import { DiscoveryError } from '../../src/index.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { createSealedNotes } from '../../src/grants/sealed-notes.js'
import { createSeal } from '../../src/lib/sealing.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'
import { trustedServer } from '../support/trusted-server.js'

const DAY_MS = 24 * 60 * 60_000
const TOO_MANY = { code: 'ERR_NOT_CONNECTABLE', reason: 'too_many' }

let clock: ManualClock
let registrations: Registrations
/** The issuers of the servers that were asked to register, and how long a registration there lasts. */
let asked: string[]
let lifeMs: number | undefined
let isDown: boolean
beforeEach(() => {
  clock = createManualClock()
  asked = []
  lifeMs = undefined
  isDown = false
  registrations = createRegistrations({
    notes: createSealedNotes(createMemoryStore({ clock }), createSeal(GRANT_SECRET, 'notes')),
    clock,
    isForgotten: () => Promise.resolve(false),
    redirectUriOf: (issuer) => `https://app.example/connect/callback/${issuer.length}`,
    register({ issuer }) {
      asked.push(issuer)
      if (isDown) return Promise.reject(new DiscoveryError('503', { phase: 'discovery' }))
      return Promise.resolve({
        ...{ clientID: `client-${asked.length}`, clientAuthentication: 'none' },
        ...(lifeMs !== undefined && { expiresAt: clock.now() + lifeMs }),
      })
    },
  })
})

const clientAt = (issuer: string, account = 'ada'): Promise<DynamicClient> =>
  registrations.clientAt(trustedServer(issuer), account)

describe('the registrations that one person causes', () => {
  it('are 20 a day, at different servers', async () => {
    for (let number = 0; number < 20; number++) await clientAt(`https://as-${number}.example`)
    await expect(clientAt('https://as.example')).rejects.toMatchObject(TOO_MANY)
    expect(asked).toHaveLength(20)
    // What is registered can be used, and others can go on.
    expect(await clientAt('https://as-7.example')).toMatchObject({ clientID: 'client-8' })
    await clientAt('https://as.example', 'ben')
    expect(asked).toHaveLength(21)
    clock.advance(DAY_MS)
    await clientAt('https://as-new.example')
    expect(asked).toHaveLength(22)
  })

  it('are 20 a day also at one server, whose registrations expire at once', async () => {
    lifeMs = 0
    for (let number = 0; number < 20; number++) await clientAt('https://as.example')
    for (let number = 0; number < 60; number++) {
      await expect(clientAt('https://as.example')).rejects.toMatchObject(TOO_MANY)
    }
    expect(asked).toHaveLength(20)
  })

  it('are not used up by a server that fails; but it is asked 100 times a day at most', async () => {
    isDown = true
    const tryOnce = () => clientAt('https://as.example').catch((error: unknown) => error)
    for (let number = 0; number < 40; number++) {
      expect(await tryOnce()).toMatchObject({ code: 'ERR_DISCOVERY' })
    }
    isDown = false
    await clientAt('https://other.example')
    isDown = true
    for (let number = 40; number < 100; number++) await tryOnce()
    expect(await tryOnce()).toMatchObject(TOO_MANY)
    expect(asked).toHaveLength(101)
  })
})
