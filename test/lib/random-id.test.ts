import { expect, it } from '@jest/globals'
import { randomId } from '../../src/lib/random-id.js'

it('makes ids of 128 bits, each of which is another [random-id-1]', () => {
  const ids = Array.from({ length: 2_000 }, randomId)
  for (const id of ids) expect(Buffer.from(id, 'base64url')).toHaveLength(16)
  expect(new Set(ids).size).toBe(ids.length)
  // No byte is always the same.
  for (let place = 0; place < 16; place++) {
    const bytes = ids.map((id) => Buffer.from(id, 'base64url')[place])
    expect(new Set(bytes).size).toBeGreaterThan(100)
  }
})
