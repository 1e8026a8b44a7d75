import ts from 'typescript'
import { readDocstring } from './docstring.js'
import type { Docstring } from './docstring.js'
import { isError, publicMethodsOf, readPublicApi } from './exports.js'
import type { Export, PublicApi } from './exports.js'
import { anchor, code, inLine, paragraphs } from './markdown.js'
import { body } from './members.js'
import { callOf, parametersOf, thrown } from './signature.js'

const INTRODUCTION = `# API

Everything that the package exports, from the docstrings in its source. Start with the methods of the strategy. The options of the strategy have [a page of their own](options.md), and so do [errors](../errors.md) and [diagnostic events](events.md).

This page is made by \`npm run docs:reference\`.`

/** The chapters of the page, in their order. */
const CHAPTERS = [
  'The strategy',
  'Functions and classes',
  'Providers',
  'Errors',
  'Connecting resources',
  'Tests',
  'Flow inspector',
  'Types',
] as const

function chapterOf({ name, entry, file, declaration }: Export): (typeof CHAPTERS)[number] {
  if (name === 'AuthorizationCodeStrategy') return 'The strategy'
  if (entry.endsWith('/connect')) return 'Connecting resources'
  if (entry.endsWith('/testing')) return 'Tests'
  if (entry.endsWith('/flow-inspector')) return 'Flow inspector'
  if (!isValue(declaration)) return 'Types'
  if (file.startsWith('src/providers/')) return 'Providers'
  return file.startsWith('src/errors/') ? 'Errors' : 'Functions and classes'
}

function isValue(declaration: ts.Declaration): boolean {
  return !ts.isInterfaceDeclaration(declaration) && !ts.isTypeAliasDeclaration(declaration)
}

/** The page of everything that the package exports. */
export function render(): Promise<string> {
  const api = readPublicApi()
  const chapters = CHAPTERS.map(
    (title) => [title, api.exports.filter((one) => chapterOf(one) === title)] as const,
  )
  const contents = chapters.map(
    ([title, exports]) => `- **${title}**: ${exports.map(({ name }) => linkTo(name)).join(', ')}`,
  )
  return Promise.resolve(
    withLinks(
      api,
      paragraphs([
        INTRODUCTION,
        contents.join('\n'),
        ...chapters.flatMap(([title, exports]) => [
          `## ${title}`,
          ...exports.map((one) => section(api, one)),
        ]),
      ]),
    ),
  )
}

function linkTo(name: string): string {
  return `[\`${name}\`](#${anchor(name)})`
}

/** Turns `{@link name}` into a link, or into code where the page has no such heading. */
function withLinks(api: PublicApi, text: string): string {
  const names = new Set([
    ...api.exports.map(({ name }) => name),
    ...api.exports.flatMap(({ declaration }) => methodNames(api, declaration)),
  ])
  return text.replace(/\{@link ([\w.]+)\}/g, (_all, target: string) => {
    const name = names.has(target) ? target : (target.split('.')[0] ?? '')
    return names.has(name) ? `[\`${target}\`](#${anchor(name)})` : `\`${target}\``
  })
}

function methodNames(api: PublicApi, declaration: ts.Declaration): readonly string[] {
  return ts.isClassDeclaration(declaration)
    ? publicMethodsOf(api, declaration).map((method) => method.name.getText())
    : []
}

function section(api: PublicApi, one: Export): string {
  const { entry, name, declaration } = one
  const docstring = readDocstring(declaration)
  const from = entry === 'passport-authorization-code' ? '' : `From \`${entry}\`.`
  return paragraphs([
    `### ${name}`,
    ...signatures(name, declaration),
    from,
    text(docstring),
    ...(OPTION_TYPES.has(name) ? ['The fields are in [Options](options.md).'] : body(api, one)),
    facts(docstring),
    examples(docstring),
    ...methods(api, declaration),
    ...functionsOn(name, declaration),
  ])
}

/** The options of the strategy, which have a page of their own. */
const OPTION_TYPES = new Set(['LateProviderOptions', 'AuthorizationCodeOptions', 'ProviderOptions'])

function signatures(name: string, declaration: ts.Declaration): readonly string[] {
  if (ts.isFunctionDeclaration(declaration)) return [code(`${name}${callOf(declaration)}`)]
  if (!ts.isClassDeclaration(declaration) || isError(declaration)) return []
  return (
    declaration.members
      .filter(ts.isConstructorDeclaration)
      // With overloads, the one that has a body is not seen from outside.
      .filter(({ body }, _index, all) => body === undefined || all.length === 1)
      .map((constructor) => code(`new ${name}(${parametersOf(constructor)})`))
  )
}

function text(docstring: Docstring | undefined): string {
  return docstring?.text ?? ''
}

/** Parameters, result, errors and sources, a line each. */
function facts(docstring: Docstring | undefined): string {
  if (docstring === undefined) return ''
  const { parameters, returns, throws, see } = docstring
  return [
    ...parameters.map((parameter) => `- \`${parameter.name}\`: ${inLine(parameter.text)}`),
    ...(returns === undefined ? [] : [`- Returns ${inLine(returns)}`]),
    ...throws.map((one) => `- Throws ${inLine(thrown(one))}`),
    ...see.map((source) => `- See ${inLine(source)}`),
  ].join('\n')
}

function examples(docstring: Docstring | undefined): string {
  return paragraphs(
    (docstring?.examples ?? []).flatMap(({ title, code: example }) => [
      title === '' ? 'Example:' : `${title}:`,
      `\`\`\`ts\n${example.trimEnd()}\n\`\`\``,
    ]),
  )
}

function methods(api: PublicApi, declaration: ts.Declaration): readonly string[] {
  if (!ts.isClassDeclaration(declaration) || isError(declaration)) return []
  const variable = declaration.name?.text.endsWith('Strategy') ? 'strategy' : 'grants'
  return publicMethodsOf(api, declaration).map((method) => {
    const name = method.name.getText()
    const docstring = readDocstring(method)
    return paragraphs([
      `#### ${name}`,
      code(`${variable}.${name}${callOf(method)}`),
      text(docstring),
      facts(docstring),
      examples(docstring),
    ])
  })
}

/** The functions that are properties of a function, such as `discover.lazy`. */
function functionsOn(name: string, declaration: ts.Declaration): readonly string[] {
  if (!ts.isFunctionDeclaration(declaration)) return []
  return declaration.getSourceFile().statements.flatMap((statement) => {
    if (!ts.isExpressionStatement(statement)) return []
    const { expression } = statement
    if (!ts.isBinaryExpression(expression) || !ts.isFunctionExpression(expression.right)) return []
    const target = expression.left.getText()
    if (!target.startsWith(`${name}.`)) return []
    const docstring = readDocstring(expression)
    return paragraphs([
      `#### ${target}`,
      code(`${target}${callOf(expression.right)}`),
      text(docstring),
      facts(docstring),
      examples(docstring),
    ])
  })
}
