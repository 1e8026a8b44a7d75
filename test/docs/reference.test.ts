import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import ts from 'typescript'
import { readDocstring } from '../../docs/generate/docstring.js'
import {
  fieldsOf,
  isError,
  literalsOf,
  publicMethodsOf,
  readPublicApi,
} from '../../docs/generate/exports.js'
import { format } from '../../docs/generate/format.js'
import { PAGES } from '../../docs/generate/pages.js'
import { complaints, createProgram } from '../support/compile.js'
import { REPOSITORY } from '../support/repository.js'
import { CODE_GLOBALS } from '../support/documentation.js'

const api = readPublicApi()

/** What a user calls or constructs, by its name: functions, classes, and their methods. */
const callable = api.exports.flatMap(({ name, declaration }): [string, ts.Declaration][] => {
  if (ts.isFunctionDeclaration(declaration)) return [[name, declaration]]
  if (!ts.isClassDeclaration(declaration) || isError(declaration)) return []
  const methods = publicMethodsOf(api, declaration).map((method): [string, ts.Declaration] => [
    `${name}.${method.name.getText()}`,
    method,
  ])
  return [[name, declaration], ...methods]
})

/** What Passport or `guardSessionStore` calls, and what a subclass overrides: no application calls it. */
const NEEDS_NO_EXAMPLE = [
  'Grants.endSession',
  'Grants.isSessionEnded',
  'AuthorizationCodeStrategy.authenticate',
  'AuthorizationCodeStrategy.userProfile',
]

async function read(file: string): Promise<string> {
  return readFile(join(REPOSITORY, file), 'utf8')
}

describe('a generated page', () => {
  it.each(PAGES)('%s is current: npm run docs:reference', async (file, render) => {
    expect(await read(file)).toBe(await format(await render()))
  })
})

describe('the reference', () => {
  it('has a heading for every export, and for every method', async () => {
    const page = await read('docs/reference/api.md')
    const headings = [...page.matchAll(/^####? (\w+)$/gm)].map(([, name = '']) => name)
    const methods = callable.flatMap(([name]) =>
      name.includes('.') ? name.split('.').slice(1) : [],
    )
    const names = [...api.exports.map(({ name }) => name), ...methods]
    expect([...headings].sort()).toEqual([...names].sort())
  })

  it('has every option', async () => {
    const page = await read('docs/reference/options.md')
    const options = fieldsOf(api, 'AuthorizationCodeOptions')
    expect(options.length).toBeGreaterThan(40)
    expect(options.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })

  it('has every error code', async () => {
    const page = await read('docs/errors.md')
    expect(literalsOf(api, 'ErrorCode').filter((code) => !page.includes(code))).toEqual([])
  })

  it('has every step of the diagnostics, and no other', async () => {
    const [, steps = ''] = (await read('docs/reference/events.md')).split(/^## .*$/m)
    const named = [...steps.matchAll(/^\| `(\w+)`/gm)].map(([, step]) => step)
    expect(named.sort()).toEqual([...literalsOf(api, 'DiagnosticStep')].sort())
  })
})

describe('the docstrings', () => {
  it('are there for every export, and for every method', () => {
    const documented = [
      ...api.exports.map(({ name, declaration }) => [name, declaration] as const),
      ...callable,
    ]
    const missing = documented.filter(([, one]) => (readDocstring(one)?.text ?? '') === '')
    expect(missing.map(([name]) => name)).toEqual([])
  })

  it('have an example for everything that a user calls or constructs', () => {
    const missing = callable
      .filter(([name]) => !NEEDS_NO_EXAMPLE.includes(name))
      .filter(([, one]) => (readDocstring(one)?.examples ?? []).length === 0)
      .map(([name]) => name)
    // The list names what is missing and nothing else, so that it can only become shorter.
    expect(missing).toEqual([])
  })

  it('have examples that compile in strict TypeScript', () => {
    const documented = api.exports.flatMap(({ declaration }) => [
      declaration,
      ...membersOf(declaration),
    ])
    const files = documented
      .flatMap((declaration) => readDocstring(declaration)?.examples ?? [])
      .map(({ code }, index) => [`example-${index + 1}.mts`, code] as const)
    const program = createProgram({
      ...CODE_GLOBALS,
      ...EXAMPLE_GLOBALS,
      ...Object.fromEntries(files),
    })
    expect(complaints(program)).toEqual([])
  }, 60_000)
})

function membersOf(declaration: ts.Declaration): readonly ts.Declaration[] {
  return ts.isClassDeclaration(declaration) || ts.isInterfaceDeclaration(declaration)
    ? declaration.members
    : []
}

/** What an example may use beside what a block of a guide may: the request it is about. */
const EXAMPLE_GLOBALS: Readonly<Record<string, string>> = {
  'example-globals.d.ts': `export {}
declare global {
  const req: import('express').Request
  const res: import('express').Response
}`,
}

describe('a docstring', () => {
  const text = `
    /**
     * Does it for {@link you}.
     *
     * @param name who
     * @throws {TypeError} if it cannot
     * @example In a job
     * \`\`\`ts
     * if (yes) {
     *   doIt('you')
     * }
     * \`\`\`
     * @see [RFC 1 - Host Software](https://www.rfc-editor.org/rfc/rfc1.html)
     */
    export function doIt(name: string): void {}`
  const [declaration] = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true).statements

  it('is read with its parameters, errors, examples and sources', () => {
    expect(readDocstring(declaration as ts.FunctionDeclaration)).toEqual({
      text: 'Does it for {@link you}.',
      parameters: [{ name: 'name', text: 'who' }],
      returns: undefined,
      throws: [{ type: 'TypeError', text: 'if it cannot' }],
      defaultValue: undefined,
      see: ['[RFC 1 - Host Software](https://www.rfc-editor.org/rfc/rfc1.html)'],
      examples: [{ title: 'In a job', code: "if (yes) {\n  doIt('you')\n}\n" }],
    })
  })
})
