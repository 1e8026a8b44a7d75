import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import ts from 'typescript'
import { REPOSITORY } from '../support/repository.js'

/** The one file that may do by itself what the others have to leave to it. */
const HELPER = 'async-handler.ts'

/** The functions of the helper: what is given to them may be async. */
const HELPERS: readonly string[] = ['asyncHandler', 'errorHandler']

/**
 * Where a file handles requests of Express in a way that can end the process: by an async function that is
 * not given to a helper, or by a promise whose outcome a callback of its own awaits. Files that handle none
 * may do as they like.
 */
function bypasses(name: string, text: string): readonly string[] {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
  if (!file.statements.some(bringsHandlers)) return []
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const what = whatBypasses(node)
    if (what !== undefined) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart())
      found.push(`${name}:${line + 1} ${what}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** Whether a file that has this statement handles requests: it imports a value of Express, or what handlers are typed by. */
function bringsHandlers(statement: ts.Statement): boolean {
  if (!ts.isImportDeclaration(statement)) return false
  const { importClause, moduleSpecifier } = statement
  if ((moduleSpecifier as ts.StringLiteral).text !== 'express') return false
  if (importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword) return true
  const { namedBindings } = importClause
  if (namedBindings === undefined || !ts.isNamedImports(namedBindings)) return true
  return namedBindings.elements.some(({ name, propertyName = name }) =>
    /Handler$|^NextFunction$/.test(propertyName.text),
  )
}

function whatBypasses(node: ts.Node): string | undefined {
  if (isAsync(node) && !isGivenToHelper(node)) return 'an async function'
  if (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    ['then', 'catch', 'finally'].includes(node.expression.name.text)
  ) {
    return `.${node.expression.name.text}(`
  }
  return undefined
}

function isAsync(node: ts.Node): boolean {
  return (
    ts.canHaveModifiers(node) &&
    ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) === true
  )
}

function isGivenToHelper({ parent }: ts.Node): boolean {
  return (
    ts.isCallExpression(parent) &&
    ts.isIdentifier(parent.expression) &&
    HELPERS.includes(parent.expression.text)
  )
}

async function sources(): Promise<readonly (readonly [string, string])[]> {
  const src = join(REPOSITORY, 'src')
  const entries = await readdir(src, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  return Promise.all(
    files.map(async (entry): Promise<readonly [string, string]> => {
      const path = join(entry.parentPath, entry.name)
      return [relative(src, path), await readFile(path, 'utf8')]
    }),
  )
}

const withHandlers = (text: string): string =>
  `import type { RequestHandler } from 'express'\n${text}`

describe('the handlers of requests', () => {
  it('leave promises to the one helper that lets none of them end the process', async () => {
    const all = await sources()
    const handling = all.filter(([name]) => !name.endsWith(HELPER))
    expect(handling.flatMap(([name, text]) => bypasses(name, text))).toEqual([])
    // It is looked at where it is: without the exception it is found.
    expect(all.filter(([name, text]) => bypasses(name, text).length > 0)).toHaveLength(1)
    const users = all.filter(([, text]) => HELPERS.some((one) => text.includes(`${one}(`)))
    expect(users.length).toBeGreaterThan(1)
  })
})

describe('a handler that bypasses the helper', () => {
  it.each([
    ['an async arrow function', 'router.get("/", async (req, res) => { await work(); res.end() })'],
    ['an async function', 'async function handle(req, res) { await work() }'],
    ['an async function expression', 'const handle = async function (req, res) {}'],
    ['an async method', 'const handlers = { async get(req, res) {} }'],
    ['a promise that is written by then', 'const f = (q, s) => { work().then(() => s.end(), n) }'],
    ['a promise that is caught', 'const f = (q, s, next) => { void work(s).catch(next) }'],
    [
      'a promise that is awaited by finally',
      'const f = (q, s) => { work().finally(() => s.end()) }',
    ],
    [
      'an async function inside a handler',
      'asyncHandler(async () => { const f = async () => {} })',
    ],
    ['an async function given to something else', 'wrap(async (req, res) => {})'],
  ])('is found when it is %s', (_what, text) => {
    expect(bypasses('planted.ts', withHandlers(text))).toHaveLength(1)
    expect(bypasses('planted.ts', `import express from 'express'\n${text}`)).toHaveLength(1)
  })

  it('is told by its place', () => {
    const text = withHandlers('\nconst handle: RequestHandler = async (req, res) => {}')
    expect(bypasses('planted.ts', text)).toEqual(['planted.ts:3 an async function'])
  })
})

describe('a file', () => {
  it('may give async functions to the helper', () => {
    const text = withHandlers('const f = asyncHandler(async (req, res) => { await work() })')
    expect(bypasses('honest.ts', text)).toEqual([])
  })

  it('that handles no requests may be as asynchronous as it likes', () => {
    const text = "import type { Request } from 'express'\nasync function f() { await a().then(b) }"
    expect(bypasses('honest.ts', text)).toEqual([])
  })
})
