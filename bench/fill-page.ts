import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from '../test/support/repository.js'

/** Puts a text into a page, between the two comments that are there for it. */
export function fillPage(page: string, text: string): void {
  const file = join(REPOSITORY, page)
  const [before = '', , after = ''] = readFileSync(file, 'utf8').split(
    /(?<=<!-- bench -->)|(?=<!-- \/bench -->)/,
  )
  writeFileSync(file, `${before}\n\n${text}\n\n${after}`)
}
