import ts from 'typescript'
import { readDocstring } from './docstring.js'
import type { Docstring } from './docstring.js'
import { isPublic, publicMethodsOf, readPublicApi } from './exports.js'
import type { Export, PublicApi } from './exports.js'
import { anchor, code, paragraphs, table } from './markdown.js'

const INTRODUCTION = `# API

Everything that the package exports, from the docstrings in its source. Start with the methods of the strategy. The options of the strategy have [a page of their own](options.md), and so do [errors](../errors.md) and [diagnostic events](events.md).

This page is made by \`npm run docs:reference\`.`

/** The chapters of the page, in their order. */
const CHAPTERS = [
  'The strategy',
  'Functions and classes',
  'Providers',
  'Errors',
  'Tests',
  'Flow inspector',
  'Types',
] as const

function chapterOf({ name, entry, file, declaration }: Export): (typeof CHAPTERS)[number] {
  if (name === 'AuthorizationCodeStrategy') return 'The strategy'
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
function withLinks({ exports }: PublicApi, text: string): string {
  const names = new Set([
    ...exports.map(({ name }) => name),
    ...exports.flatMap(({ declaration }) => methodNames(declaration)),
  ])
  return text.replace(/\{@link ([\w.]+)\}/g, (_all, target: string) => {
    const name = names.has(target) ? target : (target.split('.')[0] ?? '')
    return names.has(name) ? `[\`${target}\`](#${anchor(name)})` : `\`${target}\``
  })
}

function methodNames(declaration: ts.Declaration): readonly string[] {
  return ts.isClassDeclaration(declaration)
    ? publicMethodsOf(declaration).map((method) => method.name.getText())
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
    ...methods(declaration),
  ])
}

/** The options of the strategy, which have a page of their own. */
const OPTION_TYPES = new Set(['AuthorizationCodeOptions', 'ProviderOptions'])

function signatures(name: string, declaration: ts.Declaration): readonly string[] {
  if (ts.isFunctionDeclaration(declaration)) return [code(`${name}${callOf(declaration)}`)]
  if (!ts.isClassDeclaration(declaration) || isError(declaration)) return []
  return declaration.members
    .filter(ts.isConstructorDeclaration)
    .map((constructor) => code(`new ${name}(${parametersOf(constructor)})`))
}

/** Errors are thrown by the library; nobody constructs them. */
function isError(declaration: ts.ClassDeclaration): boolean {
  return declaration.getSourceFile().fileName.includes('/src/errors/')
}

/** Parameters and result, such as `(req: LoginRequest): Promise<string>`. */
function callOf(declaration: ts.SignatureDeclaration): string {
  const result = declaration.type === undefined ? '' : `: ${declaration.type.getText()}`
  return `(${parametersOf(declaration)})${result}`
}

function parametersOf({ parameters }: ts.SignatureDeclaration): string {
  return parameters
    .map(({ name, type, questionToken, initializer }) => {
      const mark = (questionToken ?? initializer) ? '?' : ''
      const named = ts.isIdentifier(name) ? name.text : 'options'
      return type === undefined ? `${named}${mark}` : `${named}${mark}: ${type.getText()}`
    })
    .join(', ')
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

function thrown({ type, text: when }: Docstring['throws'][number]): string {
  if (type === undefined) return when
  return `${/^[A-Z]\w+$/.test(type) ? `{@link ${type}}` : code(type)} ${when}`
}

function inLine(markdown: string): string {
  return markdown.replace(/\s*\n\s*/g, ' ')
}

function examples(docstring: Docstring | undefined): string {
  return paragraphs(
    (docstring?.examples ?? []).flatMap(({ title, code: example }) => [
      title === '' ? 'Example:' : `${title}:`,
      `\`\`\`ts\n${example.trimEnd()}\n\`\`\``,
    ]),
  )
}

function methods(declaration: ts.Declaration): readonly string[] {
  if (
    !ts.isClassDeclaration(declaration) ||
    declaration.name?.text !== 'AuthorizationCodeStrategy'
  ) {
    return []
  }
  return publicMethodsOf(declaration).map((method) => {
    const name = method.name.getText()
    const docstring = readDocstring(method)
    return paragraphs([
      `#### ${name}`,
      code(`strategy.${name}${callOf(method)}`),
      text(docstring),
      facts(docstring),
      examples(docstring),
    ])
  })
}

/** The fields of a type or class, or what a type stands for. */
function body({ checker }: PublicApi, { symbol, declaration }: Export): readonly string[] {
  if (ts.isTypeAliasDeclaration(declaration)) return aliasBody(declaration)
  if (ts.isInterfaceDeclaration(declaration)) {
    return fields(checker, checker.getDeclaredTypeOfSymbol(symbol).getProperties())
  }
  if (ts.isClassDeclaration(declaration) && isError(declaration)) {
    const own = checker.getDeclaredTypeOfSymbol(symbol).getProperties().filter(isOfErrors)
    return fields(checker, own)
  }
  return []
}

/** Whether a field is declared in our errors; the others are those of every `Error`. */
function isOfErrors({ declarations = [], name }: ts.Symbol): boolean {
  return (
    name !== 'name' &&
    declarations.some((one) => one.getSourceFile().fileName.includes('/src/errors/'))
  )
}

/** The members of a union, with what is said of each; any other type as it stands in the source. */
function aliasBody({ type }: ts.TypeAliasDeclaration): readonly string[] {
  if (!ts.isUnionTypeNode(type)) return [code(type.getText())]
  const members = type.types.map((member) => [member.getText(), commentBefore(member)] as const)
  if (members.every(([, comment]) => comment === '')) {
    return [`One of ${members.map(([member]) => code(member)).join(', ')}.`]
  }
  return [members.map(([member, comment]) => `- ${code(member)}: ${comment}`).join('\n')]
}

/** The docstring before a member of a union, which TypeScript keeps with nothing. */
export function commentBefore(node: ts.Node): string {
  const source = node.getSourceFile().text
  const before = source.slice(node.getFullStart(), node.getStart())
  const earlier = source.slice(0, node.getFullStart())
  const [, comment = ''] =
    /\/\*\*((?:(?!\*\/).)*)\*\/\s*$/s.exec(before) ??
    /\/\*\*((?:(?!\*\/).)*)\*\/\s*\|\s*$/s.exec(earlier) ??
    []
  return comment
    .replace(/^\s*\*? ?/gm, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim()
}

function fields(checker: ts.TypeChecker, properties: readonly ts.Symbol[]): readonly string[] {
  const shown = properties.flatMap((property) => {
    const [declaration] = property.declarations ?? []
    return declaration === undefined || !isPublic(declaration) ? [] : [{ property, declaration }]
  })
  const rows = shown
    .filter(({ declaration }) => !ts.isMethodSignature(declaration))
    .map(({ property, declaration }) => [
      code(`${property.name}${isOptional(property) ? '?' : ''}`),
      code(typeText(checker, property, declaration)),
      inCell(readDocstring(declaration)),
    ])
  const calls = shown
    .map(({ declaration }) => declaration)
    .filter(ts.isMethodSignature)
    .map((method) => {
      const docstring = readDocstring(method)
      const said = inCell(docstring)
      const call = code(`${method.name.getText()}${callOf(method)}`)
      return said === '' ? `- ${call}` : `- ${call}: ${said}`
    })
  return [table(['field', 'type', 'meaning'], rows), calls.join('\n')]
}

function isOptional(property: ts.Symbol): boolean {
  return (property.flags & ts.SymbolFlags.Optional) !== 0
}

function typeText(
  checker: ts.TypeChecker,
  property: ts.Symbol,
  declaration: ts.Declaration,
): string {
  const written =
    ts.isPropertySignature(declaration) || ts.isPropertyDeclaration(declaration)
      ? declaration.type?.getText()
      : undefined
  const type = written ?? checker.typeToString(checker.getTypeOfSymbol(property))
  return type.replace(/ \| undefined$/, '')
}

/** A docstring on one line: the text, what parameters mean, the default, errors and sources. */
function inCell(docstring: Docstring | undefined): string {
  if (docstring === undefined) return ''
  const { parameters, returns, throws, defaultValue, see } = docstring
  return inLine(
    [
      docstring.text,
      ...parameters.map((one) => `\`${one.name}\`: ${one.text}.`),
      returns === undefined ? '' : `Returns ${returns}.`,
      ...throws.map((one) => `Throws ${thrown(one)}.`),
      defaultValue === undefined ? '' : `Default: ${defaultText(defaultValue)}.`,
      ...see.map((source) => `See ${source}.`),
    ]
      .filter((part) => part !== '')
      .join(' '),
  )
}

/** A literal becomes code; what follows it, and what is a sentence, stays text. */
function defaultText(value: string): string {
  return value.replace(/^('[^']*'|[\d_.]+|true|false|\[\])/, (literal) => code(literal))
}
