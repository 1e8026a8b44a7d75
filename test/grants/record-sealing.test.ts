import { beforeEach, describe, expect, it } from '@jest/globals'
import { StorageError } from '../../src/errors/errors.js'
import { Grants, partsOf } from '../../src/grants/grants.js'
import type { GrantEngine } from '../../src/grants/engine.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { createSeal } from '../../src/lib/sealing.js'
import type { GrantStore, StoredRecord } from '../../src/options/grant-store.js'

const OLD = 'the old secret, of 32 characters or more'
const NEW = 'the new secret, of 32 characters or more'
const STRATEGY = 'the strategy'

let store: GrantStore
beforeEach(() => {
  store = createMemoryStore()
})

/** The engine of a new process with these secrets. */
function process(...secret: readonly string[]): GrantEngine {
  return partsOf(new Grants(store, { secret, cacheSeconds: 0 })).engine
}

async function begin(engine: GrantEngine, id: string): Promise<void> {
  await engine.begin(id, {
    strategy: STRATEGY,
    tokens: { accessToken: `the token of ${id}`, refreshToken: 'r', tokenType: 'bearer' },
    lifetimeMs: 1_000_000,
    of: { names: [] },
  })
}

async function tokenOf(engine: GrantEngine, id: string): Promise<string | undefined> {
  return (await engine.read(id, STRATEGY))?.lines[0]?.tokens.accessToken
}

async function recordOf(id: string): Promise<StoredRecord> {
  const record = await store.get(`grant/${id}`)
  if (record === undefined) throw new Error('There is no record.')
  return record
}

/** The process can do nothing with the grant, and leaves the record as it is. */
async function expectUntouched(engine: GrantEngine, id: string): Promise<void> {
  const before = await recordOf(id)
  await expect(engine.read(id, STRATEGY)).rejects.toThrow(StorageError)
  await expect(engine.end(id)).rejects.toThrow(StorageError)
  const held = {
    strategy: STRATEGY,
    lines: [{ number: 1, generation: 9, tokens: { accessToken: 'other', tokenType: 'bearer' } }],
    lifetimeMs: 1_000_000,
    of: { names: [] },
  }
  await expect(engine.adopt(id, held)).rejects.toThrow(StorageError)
  expect(await recordOf(id)).toEqual(before)
}

/** Of errors that a request which comes again later meets as well. */
const ONLY_A_DEVELOPER = { code: 'ERR_STORAGE', status: 503, fault: 'developer', retryable: false }

describe('the record of a grant', () => {
  it('says nothing of the tokens in clear', async () => {
    await begin(process(NEW), 'ada')
    const { value } = await recordOf('ada')
    const texts = value.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    expect([value, ...texts].join(' ')).not.toContain('the token of')
  })

  it('does not open at another id, to which it was copied [sealing-3]', async () => {
    const engine = process(NEW)
    await begin(engine, 'ada')
    await begin(engine, 'eve')
    const { version } = await recordOf('eve')
    const copy = { version: 'copied', value: (await recordOf('ada')).value }
    expect(await store.compareAndSet('grant/eve', version, copy, 1_000_000)).toBe(true)
    await expectUntouched(process(NEW), 'eve')
    await expect(process(NEW).read('eve', STRATEGY)).rejects.toMatchObject({
      message: 'Opening a grant failed: it was changed, or belongs to another id.',
      ...ONLY_A_DEVELOPER,
    })
    expect(await tokenOf(process(NEW), 'ada')).toBe('the token of ada')
  })

  it('opens with each of the secrets, and is sealed with the first when it is written', async () => {
    await begin(process(OLD), 'ada')
    const before = await recordOf('ada')
    const during = process(NEW, OLD)
    expect(await tokenOf(during, 'ada')).toBe('the token of ada')
    expect(await recordOf('ada')).toEqual(before)
    // A process that has the old one alone can still open it.
    expect(await tokenOf(process(OLD), 'ada')).toBe('the token of ada')

    await begin(during, 'ada')
    expect(await tokenOf(process(NEW), 'ada')).toBe('the token of ada')
    await expectUntouched(process(OLD), 'ada')
  })

  it('that is sealed with an unknown secret is a failure of the store, and stays as it is', async () => {
    await begin(process(OLD), 'ada')
    await expectUntouched(process(NEW), 'ada')
    await expect(process(NEW).read('ada', STRATEGY)).rejects.toMatchObject({
      message:
        'Opening a grant failed: it was sealed with a secret that is not among the secrets of this process.',
      ...ONLY_A_DEVELOPER,
    })
    expect(await tokenOf(process(OLD), 'ada')).toBe('the token of ada')
  })

  it('that a later version of the package has written is a failure of the store, and stays as it is', async () => {
    const value = createSeal(NEW, 'grants').seal({ format: 99, strategy: STRATEGY }, 'grant/ada')
    await store.compareAndSet('grant/ada', undefined, { version: 'v', value }, 1_000_000)
    const engine = process(NEW)
    await expectUntouched(engine, 'ada')
    await expect(engine.read('ada', STRATEGY)).rejects.toMatchObject({
      message: expect.stringMatching(/^Opening a grant failed: it has the format 99, /),
      // A process of that version answers when the request comes again.
      fault: 'storage',
      retryable: true,
    })
  })
})
