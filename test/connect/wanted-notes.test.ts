import { beforeEach, describe, expect, it } from '@jest/globals'
import { createWantedNotes } from '../../src/connect/wanted-notes.js'
import type { WantedNotes } from '../../src/connect/wanted-notes.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { createSealedNotes } from '../../src/grants/sealed-notes.js'
import { createSeal } from '../../src/lib/sealing.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'

const DAY_MS = 24 * 60 * 60_000
const ADDRESS = 'https://mcp.example/mcp'

let clock: ManualClock
let wanted: WantedNotes
beforeEach(() => {
  clock = createManualClock()
  const store = createMemoryStore({ clock })
  wanted = createWantedNotes(createSealedNotes(store, createSeal(GRANT_SECRET, 'notes')))
})

describe('what resources have said', () => {
  it('is known for a day, to the person alone who has called them', async () => {
    await wanted.write('ada', ADDRESS, { scope: ['read'] })
    await wanted.write('ada', ADDRESS, { scope: ['write'] })
    expect(await wanted.read('ada', ADDRESS)).toEqual({ scope: ['write'] })
    expect(await wanted.read('ben', ADDRESS)).toBeUndefined()
    clock.advance(DAY_MS)
    expect(await wanted.read('ada', ADDRESS)).toBeUndefined()
  })

  it('is known of 100 addresses of a person, and what they say anew replaces it', async () => {
    for (let number = 0; number < 100; number++) {
      await wanted.write('ada', `${ADDRESS}/${number}`, { scope: ['read'] })
    }
    await wanted.write('ada', ADDRESS, { scope: ['read'] })
    await wanted.write('ada', `${ADDRESS}/99`, { scope: ['write'] })
    await wanted.write('ben', ADDRESS, { scope: ['read'] })
    expect(await wanted.read('ada', ADDRESS)).toBeUndefined()
    expect(await wanted.read('ada', `${ADDRESS}/99`)).toEqual({ scope: ['write'] })
    expect(await wanted.read('ben', ADDRESS)).toEqual({ scope: ['read'] })
    clock.advance(DAY_MS)
    await wanted.write('ada', ADDRESS, { scope: ['read'] })
    expect(await wanted.read('ada', ADDRESS)).toEqual({ scope: ['read'] })
  })
})
