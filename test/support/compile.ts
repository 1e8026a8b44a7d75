import { join } from 'node:path'
import ts from 'typescript'
import { REPOSITORY } from './repository.js'

const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  types: ['node'],
  // JavaScript is parsed, and tells TypeScript what it exports.
  allowJs: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
}

const SOURCES = join(REPOSITORY, 'src')

/**
 * A program of the repository's sources and of `texts`, files by name that need not exist. The texts
 * import the package by its name, as its users do, and so see what was last built.
 */
export function createProgram(texts: Readonly<Record<string, string>>): ts.Program {
  const files = new Map(
    Object.entries(texts).map(([name, text]) => [join(REPOSITORY, name), text] as const),
  )
  const host = ts.createCompilerHost(OPTIONS)
  const readFile = host.readFile.bind(host)
  const fileExists = host.fileExists.bind(host)
  host.readFile = (name) => files.get(name) ?? readFile(name)
  host.fileExists = (name) => files.has(name) || fileExists(name)
  return ts.createProgram([join(REPOSITORY, 'src', 'index.ts'), ...files.keys()], OPTIONS, host)
}

/** The compiler's errors in the texts of a program, a line each. `npm run typecheck` checks the sources. */
export function complaints(program: ts.Program): readonly string[] {
  const texts = program
    .getSourceFiles()
    .filter(
      ({ fileName, isDeclarationFile }) => !isDeclarationFile && !fileName.startsWith(SOURCES),
    )
  const errors = texts.flatMap((file) => [...ts.getPreEmitDiagnostics(program, file)])
  return errors.map(({ file, start = 0, messageText }) => {
    const line = file?.getLineAndCharacterOfPosition(start).line ?? 0
    const text = ts.flattenDiagnosticMessageText(messageText, '\n')
    return `${file?.fileName.slice(REPOSITORY.length + 1) ?? ''}:${line + 1} ${text}`
  })
}

/** The types that the package exports, as the compiler sees them. */
export function exportedType(program: ts.Program, name: string): ts.Type {
  const checker = program.getTypeChecker()
  const file = program.getSourceFile(join(REPOSITORY, 'src', 'index.ts'))
  const entry = file && checker.getSymbolAtLocation(file)
  const symbol = entry && checker.getExportsOfModule(entry).find((one) => one.name === name)
  if (symbol === undefined) throw new Error(`The package exports no ${name}`)
  return checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(symbol))
}

/** The names of the fields of an exported interface. */
export function fieldsOf(program: ts.Program, name: string): readonly string[] {
  return exportedType(program, name)
    .getProperties()
    .map((property) => property.name)
}

/** The members of an exported union of literal strings. */
export function literalsOf(program: ts.Program, name: string): readonly string[] {
  const type = exportedType(program, name)
  return (type.isUnion() ? type.types : [type])
    .filter((member) => member.isStringLiteral())
    .map((member) => member.value)
}
