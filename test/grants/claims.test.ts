import { describe, expect, it } from '@jest/globals'
import { createProcessParts } from '../../src/grants/grants.js'

const TTL_MS = 600_000

const GRANT = {
  strategy: 'strategy',
  tokens: { accessToken: 'a', tokenType: 'bearer', expiresAt: Date.now() + TTL_MS },
  renewAt: undefined,
  lifetimeMs: TTL_MS,
  of: { names: [] },
}

describe('the claims of a process whose tokens are in the sessions', () => {
  it('of logins, and its grants, are not pushed out by 200,000 callbacks of strangers', async () => {
    const { claims, engine } = createProcessParts()
    await expect(claims.claim('login', TTL_MS, '/orders')).resolves.toBe(true)
    await claims.keep('login', TTL_MS, '/orders')
    await engine.begin('grant', GRANT)
    for (let stranger = 0; stranger < 200_000; stranger++) {
      await claims.claim(`stranger-${stranger}`, TTL_MS)
    }
    await expect(claims.claim('login', TTL_MS)).resolves.toBe(false)
    await expect(claims.claimed('login')).resolves.toBe('/orders')
    await expect(engine.look('grant')).resolves.toMatchObject({ strategy: 'strategy' })
    // Theirs have a limit.
    await expect(claims.claim('stranger-0', TTL_MS)).resolves.toBe(true)
    await expect(claims.claim('stranger-199999', TTL_MS)).resolves.toBe(false)
  })
})
