import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian keeps the programs of each version of PostgreSQL in a folder that is not on the path. */
const DEBIAN_FOLDER = '/usr/lib/postgresql'

/**
 * The path of the program `postgres`.
 *
 * @throws {Error} if there is none
 */
export function findPostgres(): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...debianFolders()]
  const program = folders.map((folder) => join(folder, 'postgres')).find(isExecutable)
  if (program !== undefined) return program
  throw new Error(
    'There is no postgres: install the package postgresql, and put its programs on the path.',
  )
}

function debianFolders(): readonly string[] {
  try {
    return readdirSync(DEBIAN_FOLDER).map((version) => join(DEBIAN_FOLDER, version, 'bin'))
  } catch {
    return []
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
