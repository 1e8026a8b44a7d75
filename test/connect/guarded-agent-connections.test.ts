import { describe, expect, it } from '@jest/globals'
import { createGuardedAgent } from '../../src/connect/guarded-agent.js'

describe('the agent for public addresses', () => {
  it('has a connection for each request, because event streams keep theirs for as long as they like', async () => {
    let lookups = 0
    const agent = createGuardedAgent(() => (lookups += 1))
    const requests = Array.from({ length: 40 }, () =>
      agent.request({ origin: 'https://mcp.example', path: '/', method: 'GET' }),
    )
    await new Promise(setImmediate)
    await agent.destroy()
    await Promise.allSettled(requests)

    expect(lookups).toBe(40)
  })
})
