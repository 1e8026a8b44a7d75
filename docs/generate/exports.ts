import { join } from 'node:path'
import ts from 'typescript'

const REPOSITORY = join(import.meta.dirname, '..', '..')

/** The entries of the package: what users import, and the file that lists the exports. */
const ENTRIES = [
  ['passport-authorization-code', 'index'],
  ['passport-authorization-code/redis', 'redis'],
  ['passport-authorization-code/postgres', 'postgres'],
  ['passport-authorization-code/connect', 'connect'],
  ['passport-authorization-code/testing', 'testing'],
  ['passport-authorization-code/flow-inspector', 'flow-inspector'],
] as const

/** Something that the package exports. */
export interface Export {
  /** What users import it from, such as `passport-authorization-code/redis`. */
  readonly entry: string
  readonly name: string
  readonly symbol: ts.Symbol
  readonly declaration: ts.Declaration
  /** The file of the declaration, such as `src/grants/redis.ts`. */
  readonly file: string
}

/** What the package exports, as the compiler sees it. */
export interface PublicApi {
  readonly checker: ts.TypeChecker
  readonly exports: readonly Export[]
}

let api: PublicApi | undefined

/** Reads `src` once, and returns everything that it exports to users. */
export function readPublicApi(): PublicApi {
  api ??= compilePublicApi()
  return api
}

function compilePublicApi(): PublicApi {
  const files = ENTRIES.map(([, file]) => join(REPOSITORY, 'src', `${file}.ts`))
  const program = ts.createProgram(files, readCompilerOptions())
  const checker = program.getTypeChecker()
  const exports = ENTRIES.flatMap(([entry, file]) => {
    const source = program.getSourceFile(join(REPOSITORY, 'src', `${file}.ts`))
    const module = source && checker.getSymbolAtLocation(source)
    if (module === undefined) throw new Error(`src/${file}.ts exports nothing`)
    return checker.getExportsOfModule(module).map((symbol) => readExport(checker, entry, symbol))
  })
  return { checker, exports }
}

function readCompilerOptions(): ts.CompilerOptions {
  const file = join(REPOSITORY, 'tsconfig.build.json')
  const { config } = ts.readConfigFile(file, (name) => ts.sys.readFile(name)) as { config: unknown }
  return ts.parseJsonConfigFileContent(config, ts.sys, REPOSITORY).options
}

function readExport(checker: ts.TypeChecker, entry: string, exported: ts.Symbol): Export {
  const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0
  const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported
  const [declaration] = symbol.declarations ?? []
  if (declaration === undefined) throw new Error(`${exported.name} is declared nowhere`)
  const file = declaration.getSourceFile().fileName.slice(REPOSITORY.length + 1)
  return { entry, name: exported.name, symbol, declaration, file }
}

/** The members of an exported union of literal strings, such as `ErrorCode`. */
export function literalsOf({ checker, exports }: PublicApi, name: string): readonly string[] {
  const type = checker.getDeclaredTypeOfSymbol(findExport(exports, name).symbol)
  return (type.isUnion() ? type.types : [type])
    .filter((member) => member.isStringLiteral())
    .map((member) => member.value)
}

/** The names of the fields of an exported type of an object. */
export function fieldsOf({ checker, exports }: PublicApi, name: string): readonly string[] {
  const type = checker.getDeclaredTypeOfSymbol(findExport(exports, name).symbol)
  return type.getProperties().map((property) => property.name)
}

export function findExport(exports: readonly Export[], name: string): Export {
  const found = exports.find((one) => one.name === name)
  if (found === undefined) throw new Error(`The package exports no ${name}`)
  return found
}

/**
 * The methods of a class that users call: neither private nor protected, and inherited only from a class of ours that
 * is not exported.
 */
export function publicMethodsOf(
  api: PublicApi,
  declaration: ts.ClassDeclaration,
): readonly ts.MethodDeclaration[] {
  const own = declaration.members.filter(
    (member): member is ts.MethodDeclaration => ts.isMethodDeclaration(member) && isPublic(member),
  )
  const base = hiddenBaseOf(api, declaration)
  return base === undefined ? own : [...publicMethodsOf(api, base), ...own]
}

function hiddenBaseOf(
  { checker, exports }: PublicApi,
  { heritageClauses }: ts.ClassDeclaration,
): ts.ClassDeclaration | undefined {
  const [base] = (heritageClauses ?? [])
    .filter(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)
    .flatMap(({ types }) => types)
  const [declaration] = (base && checker.getTypeAtLocation(base).getSymbol()?.declarations) ?? []
  if (declaration === undefined || !ts.isClassDeclaration(declaration)) return undefined
  const isOurs = declaration.getSourceFile().fileName.includes('/src/')
  const isExported = exports.some((one) => one.declaration === declaration)
  return isOurs && !isExported ? declaration : undefined
}

export function isPublic(declaration: ts.Declaration): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected
  return (ts.getCombinedModifierFlags(declaration) & hidden) === 0
}

/** Errors are thrown by the library; nobody constructs them. */
export function isError(declaration: ts.Declaration): boolean {
  return declaration.getSourceFile().fileName.includes('/src/errors/')
}
