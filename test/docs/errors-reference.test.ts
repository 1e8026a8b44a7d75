import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { render } from '../../docs/generate/errors.js'
import { REPOSITORY } from '../support/repository.js'

it('docs/errors.md is what the tables of errors render; if not, run npm run docs:reference', async () => {
  const page = await readFile(join(REPOSITORY, 'docs', 'errors.md'), 'utf8')
  expect(page).toBe(await render())
})
