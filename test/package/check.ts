/**
 * Packs the package, installs the tarball elsewhere as its users do, and uses it from there: as an ES
 * module, by `require()`, and in TypeScript. Prints one line a check; the exit code is 1 if any failed.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CONSUMER, CONSUMER_TSCONFIG } from './consumer.js'

const run = promisify(execFile)
const repository = fileURLToPath(new URL('../..', import.meta.url))

/** What the tarball has beside package.json and what was compiled. */
const DOCUMENTS: readonly string[] = [
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'docs/chart.svg',
]

/** What a package-lock.json says of one installed package. */
interface LockedPackage {
  readonly version?: string
  readonly hasInstallScript?: boolean
}

const temporary = await mkdtemp(join(tmpdir(), 'package-check-'))
try {
  const locked = await readLock(repository)
  const tarball = await pack()
  await check('the tarball has what it should and nothing else', () => checkFiles(tarball))
  await check('no document of the tarball links to a file that is not in it', () =>
    checkLinks(tarball),
  )
  await check('package.json runs nothing on install', checkOwnScripts)
  for (const express of ['express', 'express4']) {
    await checkInstalled(tarball, locked, express)
  }
} finally {
  await rm(temporary, { recursive: true, force: true })
}

async function checkInstalled(
  tarball: string,
  locked: ReadonlyMap<string, LockedPackage>,
  expressAlias: string,
): Promise<void> {
  const version = (name: string) => locked.get(name)?.version ?? 'latest'
  const withExpress = `with express ${version(expressAlias)}`
  const project = join(temporary, expressAlias)
  await createProject(project)

  const installs = await check(`installs beside its peers without a warning, ${withExpress}`, () =>
    install(project, [
      tarball,
      `express@${version(expressAlias)}`,
      `express-session@${version('express-session')}`,
      `passport@${version('passport')}`,
    ]),
  )
  if (!installs) return

  await check(`no dependency runs a script on install, ${withExpress}`, () =>
    checkInstallScripts(project),
  )
  await check(`works as an ES module, ${withExpress}`, () => consume(project, 'consumer.mjs'))
  await check(`works by require(), ${withExpress}`, () => consume(project, 'consumer.cjs'))

  await check(`has a command line, ${withExpress}`, async () => {
    // Without `--`, npx takes --help for its own.
    const args = ['--no', '--', 'passport-authorization-code', '--help']
    const { stdout } = await run('npx', args, { cwd: project })
    if (!stdout.includes('doctor')) throw new Error(`It printed:\n${stdout}`)
  })

  const expressTypes = expressAlias === 'express4' ? '4' : version('@types/express')
  await check(`compiles in strict TypeScript, ${withExpress}`, async () => {
    await install(project, [
      `@types/express@${expressTypes}`,
      `@types/express-session@${version('@types/express-session')}`,
      `@types/node@${version('@types/node')}`,
    ])
    await compile(project)
  })
}

/** Runs one check and prints how it ended. */
async function check(what: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    console.log(`ok    ${what}`)
    return true
  } catch (error) {
    console.log(`FAIL  ${what}\n${indent(explain(error))}`)
    process.exitCode = 1
    return false
  }
}

/** The message, and what a program that failed has printed. */
function explain(error: unknown): string {
  const { message, stdout = '', stderr = '' } = error as Error & Record<string, string | undefined>
  return [message, stdout, stderr].filter((text) => text !== '').join('\n')
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '      ')
}

async function pack(): Promise<string> {
  const folder = join(temporary, 'tarball')
  await mkdir(folder)
  await run('npm', ['pack', '--pack-destination', folder], { cwd: repository })
  const [name] = await readdir(folder)
  if (name === undefined) throw new Error('npm pack made no tarball')
  return join(folder, name)
}

async function checkFiles(tarball: string): Promise<void> {
  const files = await filesIn(tarball)
  const texts = [...DOCUMENTS, 'package.json', ...(await guides())]
  const missing = [...texts, ...(await compiledFiles())].filter((file) => !files.includes(file))
  const surplus = files.filter(
    (file) => !texts.includes(file) && !/^dist\/.+\.(js|js\.map|d\.ts)$/.test(file),
  )
  if (missing.length > 0) throw new Error(`Missing: ${missing.join(', ')}`)
  if (surplus.length > 0) throw new Error(`Not expected: ${surplus.join(', ')}`)
}

async function filesIn(tarball: string): Promise<readonly string[]> {
  const { stdout } = await run('tar', ['-tzf', tarball])
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^package\//, ''))
}

/** Looks at every link and picture that has no address of its own. */
async function checkLinks(tarball: string): Promise<void> {
  const files = await filesIn(tarball)
  const packed = new Set(files)
  const broken: string[] = []
  for (const page of files.filter((file) => file.endsWith('.md'))) {
    const text = await readFile(join(repository, page), 'utf8')
    for (const link of linksIn(text)) {
      const target = posix.join(posix.dirname(page), decodeURIComponent(link))
      const isThere = packed.has(target) || files.some((file) => file.startsWith(`${target}/`))
      if (!isThere) broken.push(`${page} links to ${link}`)
    }
  }
  if (broken.length > 0) throw new Error(broken.join('\n'))
}

/** The relative links of a page, without their fragments; code is no link. */
function linksIn(page: string): readonly string[] {
  const prose = page.replace(/^( *)(`{3,}|~{3,})[^]*?^ *\2.*$/gm, '').replace(/`[^`\n]*`/g, '')
  const inline = prose.matchAll(/\]\(\s*<?([^)\s>]+)/g)
  const references = prose.matchAll(/^\[[^\]]+\]:\s*<?([^\s>]+)/gm)
  const html = prose.matchAll(/\b(?:href|src)="([^"]+)"/g)
  return [...inline, ...references, ...html]
    .map(([, target = '']) => target.replace(/[?#].*$/, ''))
    .filter((target) => target !== '' && !/^([a-z][a-z\d+.-]*:|\/\/)/i.test(target))
}

/** The pages and pictures of docs/, without the API reference. */
async function guides(): Promise<readonly string[]> {
  const pages = await readdir(join(repository, 'docs'), { recursive: true })
  return pages
    .map((page) => `docs/${page.replaceAll('\\', '/')}`)
    .filter((page) => /\.(md|svg)$/.test(page))
}

/** The declarations of every source file, and the JavaScript of each entry. */
async function compiledFiles(): Promise<readonly string[]> {
  const sources = await readdir(join(repository, 'src'), { recursive: true })
  return sources
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replaceAll('\\', '/').replace(/\.ts$/, ''))
    .flatMap((file) =>
      (file.includes('/') ? ['.d.ts'] : ['.js', '.js.map', '.d.ts']).map(
        (ending) => `dist/${file}${ending}`,
      ),
    )
}

async function checkOwnScripts(): Promise<void> {
  const { scripts = {} } = (await readJson(join(repository, 'package.json'))) as {
    scripts?: Record<string, string>
  }
  const found = ['preinstall', 'install', 'postinstall'].filter((name) => name in scripts)
  if (found.length > 0) throw new Error(`package.json has ${found.join(', ')}`)
}

async function createProject(folder: string): Promise<void> {
  await mkdir(folder)
  const readme = await readFile(join(repository, 'README.md'), 'utf8')
  const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code)
  const [example] = examples
  // The first one awaits `discover` at the top level, which a CommonJS module cannot do.
  const synchronous = examples.find((code) => !code.includes('await '))
  if (example === undefined || synchronous === undefined)
    throw new Error('The README has no examples')
  const files = {
    'package.json': JSON.stringify({ name: 'consumer', version: '1.0.0', private: true }),
    'tsconfig.json': JSON.stringify(CONSUMER_TSCONFIG),
    'consumer.mjs': CONSUMER.esm,
    'consumer.cjs': CONSUMER.commonjs,
    // TypeScript infers the types of no handler with four parameters. Whoever copies the app into a `.ts` file writes them.
    'readme.mts': example.replace(
      '(error, req, res, next)',
      '(error: unknown, req: express.Request, res: express.Response, next: express.NextFunction)',
    ),
    'readme.cts': synchronous,
  }
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), content)
  }
}

/** Installs packages, and takes any warning about peers for a failure. */
async function install(project: string, packages: readonly string[]): Promise<void> {
  const { stderr } = await run(
    'npm',
    [
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--strict-peer-deps',
      '--loglevel=warn',
      ...packages,
    ],
    { cwd: project },
  )
  const warnings = stderr.split('\n').filter((line) => /ERESOLVE|peer/i.test(line))
  if (warnings.length > 0) throw new Error(warnings.join('\n'))
  // Exits with an error when something that is needed is missing or of the wrong version.
  await run('npm', ['ls', '--all'], { cwd: project })
}

async function checkInstallScripts(project: string): Promise<void> {
  const scripted = [...(await readLock(project))].filter(
    ([, { hasInstallScript }]) => hasInstallScript,
  )
  if (scripted.length > 0) throw new Error(scripted.map(([name]) => name).join(', '))
}

async function consume(project: string, file: string): Promise<void> {
  const { stderr } = await run(process.execPath, [file], { cwd: project, timeout: 60_000 })
  if (stderr !== '') throw new Error(`It printed:\n${stderr}`)
}

async function compile(project: string): Promise<void> {
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  await run(process.execPath, [tsc, '-p', project])
}

/** The packages at the top of a project's `node_modules`, by name. */
async function readLock(project: string): Promise<ReadonlyMap<string, LockedPackage>> {
  const { packages } = (await readJson(join(project, 'package-lock.json'))) as {
    packages: Record<string, LockedPackage>
  }
  return new Map(
    Object.entries(packages).map(([path, entry]) => [path.replace(/^node_modules\//, ''), entry]),
  )
}

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8')) as unknown
}
