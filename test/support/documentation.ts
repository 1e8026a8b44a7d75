import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { REPOSITORY } from './repository.js'

/** A page of the documentation. */
export interface Guide {
  /** Its path in the repository, such as `docs/errors.md`. */
  readonly file: string
  readonly text: string
  readonly blocks: readonly CodeBlock[]
}

/** A fenced block of code. */
export interface CodeBlock {
  /** What stands after the fence, such as `ts`. */
  readonly language: string
  readonly code: string
  /** The name of the file that it is in, where the text before it says so. */
  readonly file: string | undefined
}

/**
 * What a block of code, or an `@example`, may use without declaring it: as a file for the compiler, by
 * its name.
 */
export const CODE_GLOBALS: Readonly<Record<string, string>> = {
  'guide-globals.d.ts': `export {}
declare global {
  const app: import('express').Express
  const req: import('express').Request
  const res: import('express').Response
  const express: typeof import('express')
  const options: import('passport-authorization-code').AuthorizationCodeOptions
  /** A person of the application. */
  const user: { readonly id: string; readonly account: string }
  /** The application's own users. */
  const users: { findOrCreate(id: string): Promise<Express.User> }
  const passport: import('passport').PassportStatic
  const strategy: import('passport-authorization-code').AuthorizationCodeStrategy
  /** The strategies of an application's tenants. */
  const tenants: import('passport-authorization-code').TenantStrategies<
    import('passport-authorization-code').AuthorizationCodeStrategy
  >
  /** What people have connected by address. */
  const connections: import('passport-authorization-code/connect').Connections
  const server: import('node:http').Server
  /** An access token that an API has refused. */
  const refusedToken: string
}`,
}

/** Reads a page. */
export async function readGuide(file: string): Promise<Guide> {
  const text = await readFile(join(REPOSITORY, file), 'utf8')
  return { file, text, blocks: blocksIn(text) }
}

function blocksIn(text: string): readonly CodeBlock[] {
  const blocks = [...text.matchAll(/(?:[Ii]n a file `([\w./-]+)`:\n\n)?^```(\w*)\n(.*?)^```$/gms)]
  return blocks.map(([, named, language = '', code = '']) => ({ language, code, file: named }))
}

/** The blocks under a heading of the second level. */
export function blocksUnder(heading: string, { text }: Guide): readonly CodeBlock[] {
  const section = text.split(/^## /m).find((one) => one.startsWith(`${heading}\n`))
  return blocksIn(section ?? '')
}

/** The pages beside the README that are not under docs/. */
const OTHER_PAGES = ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']

/** Reads all pages: the README first. */
export async function readGuides(): Promise<readonly Guide[]> {
  const pages = await readdir(join(REPOSITORY, 'docs'), { recursive: true })
  const files = pages
    .map((page) => `docs/${page.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.md'))
  return Promise.all(['README.md', ...OTHER_PAGES, ...files.sort()].map(readGuide))
}

/** The blocks that are whole apps: they listen. */
export function appsIn({ blocks }: Guide): readonly CodeBlock[] {
  return blocks.filter(({ code }) => code.includes('app.listen('))
}

/** What the links to the headings of a page end with, as GitHub makes it. */
export function anchorsIn({ text }: Guide): readonly string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, '')
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}
