/**
 * Writes the generated pages of the documentation: `npm run docs:reference`.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { format } from './format.js'
import { PAGES } from './pages.js'

const repository = join(import.meta.dirname, '..', '..')

for (const [file, render] of PAGES) {
  const path = join(repository, file)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, await format(await render()))
  console.log(file)
}
