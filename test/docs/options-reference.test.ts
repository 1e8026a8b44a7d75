import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { PAGE, render } from '../../docs/generate/options.js'

describe('the reference of the options', () => {
  it('is what `npx tsx docs/generate/options.ts` makes of the tables', async () => {
    await expect(readFile(PAGE, 'utf8')).resolves.toBe(await render())
    // It compiles the sources.
  }, 60_000)
})
