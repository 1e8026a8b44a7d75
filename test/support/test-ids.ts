import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import ts from 'typescript'
import { REPOSITORY } from './repository.js'

/** A test that the conformance tables refer to. */
export interface NamedTest {
  /** What stands in brackets at the end of its title, such as `mix-up-3`. */
  readonly id: string
  readonly file: string
}

/** A short id at the end of a title: `is refused when it is %s [mix-up-3]`. */
const ID = / \[([a-z\d-]+-\d+)\]$/

/**
 * All tests of the suite that have an id. A test from `it.each` counts once. A test that is skipped or
 * still to do is left out.
 */
export async function namedTests(): Promise<readonly NamedTest[]> {
  const folder = join(REPOSITORY, 'test')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
  const found = await Promise.all(
    paths.map(async (path) =>
      namedTestsIn(relative(REPOSITORY, path).split(sep).join('/'), await readFile(path, 'utf8')),
    ),
  )
  return found.flat()
}

/** The tests in one file that have an id. */
export function namedTestsIn(file: string, text: string): readonly NamedTest[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: NamedTest[] = []
  visit(source)
  return found

  function visit(node: ts.Node): void {
    const block = ts.isCallExpression(node) ? blockOf(node) : undefined
    if (block === 'left out') return
    const id = block?.kind === 'test' ? ID.exec(block.title)?.[1] : undefined
    if (id !== undefined) found.push({ id, file })
    ts.forEachChild(node, visit)
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

/** The text of a title, or nothing if it is made at run time: then it can have no id. */
function textOf(title: ts.Expression): string {
  return ts.isStringLiteralLike(title) ? title.text : ''
}
