import ts from 'typescript'
import { commentBefore, readDocstring } from './docstring.js'
import type { Docstring } from './docstring.js'
import { isError, isPublic } from './exports.js'
import type { Export, PublicApi } from './exports.js'
import { code, inLine, table } from './markdown.js'
import { callOf, thrown } from './signature.js'

/** The fields of a type or class, or what a type stands for. */
export function body({ checker }: PublicApi, { symbol, declaration }: Export): readonly string[] {
  if (ts.isTypeAliasDeclaration(declaration)) return aliasBody(checker, symbol, declaration)
  if (ts.isInterfaceDeclaration(declaration)) {
    const properties = checker.getDeclaredTypeOfSymbol(symbol).getProperties()
    // What has a symbol for its name is for this package alone, and the compiler numbers it anew with each change.
    return fields(
      checker,
      properties.filter(({ name }) => !name.startsWith('__@')),
    )
  }
  return ts.isClassDeclaration(declaration) && isError(declaration)
    ? errorBody(checker, symbol, declaration)
    : []
}

/** The fields that every error of ours has. */
const COMMON_FIELDS = ['code', 'status', 'fault', 'retryable', 'help']

/** An error: the base it has fields from, the values of the common fields, and a table of its own. */
function errorBody(
  checker: ts.TypeChecker,
  symbol: ts.Symbol,
  declaration: ts.ClassDeclaration,
): readonly string[] {
  const properties = checker.getDeclaredTypeOfSymbol(symbol).getProperties()
  const own = properties.filter(
    ({ name, declarations = [] }) => name !== 'name' && isWithin(declarations, declaration),
  )
  const [base] = declaration.heritageClauses?.flatMap(({ types }) => types) ?? []
  const from = base?.getText() ?? 'Error'
  if (from === 'Error') return fields(checker, own)

  const common = COMMON_FIELDS.filter((name) => name !== 'help').flatMap((name) => {
    const property = properties.find((one) => one.name === name)
    if (property === undefined) return []
    const type = checker.typeToString(checker.getTypeOfSymbol(property)).replaceAll('"', "'")
    return [`\`${name}\` ${code(type)}`]
  })
  return [
    `Extends {@link ${from}}: ${common.join(', ')}.`,
    ...fields(
      checker,
      own.filter(({ name }) => !COMMON_FIELDS.includes(name)),
    ),
  ]
}

function isWithin(declarations: readonly ts.Declaration[], owner: ts.ClassDeclaration): boolean {
  return declarations.some(
    ({ parent }) =>
      parent === owner || (ts.isConstructorDeclaration(parent) && parent.parent === owner),
  )
}

/** What a type stands for: the members of a union with their docstrings, else the type as written. */
function aliasBody(
  checker: ts.TypeChecker,
  symbol: ts.Symbol,
  { type }: ts.TypeAliasDeclaration,
): readonly string[] {
  const members = ts.isUnionTypeNode(type)
    ? type.types.map((member) => [member.getText(), commentBefore(member)] as const)
    : literalsIn(checker.getDeclaredTypeOfSymbol(symbol)).map((literal) => [literal, ''] as const)
  if (members.length === 0) return [code(type.getText())]
  if (members.every(([, comment]) => comment === '')) {
    return [`One of ${members.map(([member]) => memberText(member)).join(', ')}.`]
  }
  return [members.map(([member, comment]) => `- ${memberText(member)}: ${comment}`).join('\n')]
}

/** The literals of a type that is written in another way than as their union. */
function literalsIn(type: ts.Type): readonly string[] {
  const members = type.isUnion() ? type.types : []
  const literals = members.filter((member) => member.isStringLiteral())
  return literals.length === members.length ? literals.map(({ value }) => `'${value}'`) : []
}

/** A name becomes a link where the page has it; the brackets around a function type go. */
function memberText(member: string): string {
  return /^[A-Z]\w+$/.test(member) ? `{@link ${member}}` : code(member.replace(/^\((.*)\)$/s, '$1'))
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
      inCell(readDocstring(declaration)) || inLine(inheritedText(checker, property)),
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

/** What the interface that a class implements says of a field. */
function inheritedText(checker: ts.TypeChecker, property: ts.Symbol): string {
  return ts.displayPartsToString(property.getDocumentationComment(checker))
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
  // The question mark says it already.
  return isOptional(property) ? type.replace(/ \| undefined$/, '') : type
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
