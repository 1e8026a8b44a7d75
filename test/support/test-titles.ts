import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import ts from 'typescript'
import { REPOSITORY } from './repository.js'

/**
 * The full titles of all tests of the suite, as they stand in the source: the file, the titles of the
 * `describe`s around the test and its own, joined by ` > `. A test from `it.each` counts once, under
 * the title with its placeholders. Whatever is skipped or still to do is no test.
 */
export async function suiteTitles(): Promise<ReadonlySet<string>> {
  const folder = join(REPOSITORY, 'test')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
  const titles = await Promise.all(
    paths.map(async (path) =>
      titlesIn(relative(REPOSITORY, path).split(sep).join('/'), await readFile(path, 'utf8')),
    ),
  )
  return new Set(titles.flat())
}

/** The full titles of the tests in one file. */
export function titlesIn(file: string, text: string): readonly string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const titles: string[] = []
  visit(source, [file])
  return titles

  function visit(node: ts.Node, path: readonly string[]): void {
    const block = ts.isCallExpression(node) ? blockOf(node) : undefined
    if (block === 'left out') return
    if (block?.kind === 'test') titles.push([...path, block.title].join(' > '))
    const inside = block?.kind === 'describe' ? [...path, block.title] : path
    ts.forEachChild(node, (child) => visit(child, inside))
  }
}

interface Block {
  readonly kind: 'describe' | 'test'
  readonly title: string
}

/** What a call is to Jest: a test or a group of tests with a title, one left out, or none of these. */
function blockOf(call: ts.CallExpression): Block | 'left out' | undefined {
  const words = wordsOf(call.expression)
  const [first = ''] = words
  const kind = /^(it|test)$/.test(first)
    ? 'test'
    : first.startsWith('describe')
      ? 'describe'
      : undefined
  const [title] = call.arguments
  if (kind === undefined || title === undefined) return undefined
  if (words.some((word) => word === 'skip' || word === 'todo')) return 'left out'
  // In `it.each(table)(title, test)` the inner call has the table, and no title.
  if (words.at(-1) === 'each' && !ts.isCallExpression(call.expression)) return undefined
  return { kind, title: textOf(title) }
}

/** The names in what is called: `it`, `each` for `it.each(table)`. */
function wordsOf(callee: ts.Expression): readonly string[] {
  if (ts.isIdentifier(callee)) return [callee.text]
  if (ts.isPropertyAccessExpression(callee))
    return [...wordsOf(callee.expression), callee.name.text]
  // What hangs on anything else, as `test` on a regular expression, is not Jest’s.
  return ts.isCallExpression(callee) ? wordsOf(callee.expression) : ['']
}

/** A title: a literal’s text, else the source, so that a name made at run time can be named too. */
function textOf(title: ts.Expression): string {
  return ts.isStringLiteralLike(title) ? title.text : title.getText()
}
