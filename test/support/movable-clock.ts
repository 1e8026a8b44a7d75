import { rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'

/** The clock of any number of processes, which can be put forward while they run. */
export interface MovableClock {
  /** Environment variables that make a Node.js process, and all it starts, go by this clock. */
  readonly environment: Readonly<Record<string, string>>
  /** Puts `Date.now()` forward in all of them, by **milliseconds** from the true time. */
  putForward(milliseconds: number): Promise<void>
  remove(): Promise<void>
}

/** Makes a clock that shows the true time so far. */
export async function createMovableClock(): Promise<MovableClock> {
  const file = join(tmpdir(), `clock-${randomUUID()}`)
  const program = `
    import { readFileSync } from 'node:fs'
    const now = Date.now
    Date.now = () => now() + Number(readFileSync(${JSON.stringify(file)}, 'utf8'))`
  const putForward = async (milliseconds: number): Promise<void> => {
    // Renamed into its place, so that nobody reads it half written.
    await writeFile(`${file}-next`, String(milliseconds))
    await rename(`${file}-next`, file)
  }
  await putForward(0)
  return {
    environment: {
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(program)}`,
    },
    putForward,
    remove: () => rm(file),
  }
}
