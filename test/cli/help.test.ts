import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { OPTIONS } from '../../src/options/read-options.js'
import type { Option } from '../../src/options/option-table.js'
import { runCommand } from '../support/command-line.js'

describe('the command line', () => {
  it.each([['--help'], ['help']])('lists its commands by %s', async (arg) => {
    const { exitCode, printed } = await runCommand([arg])
    expect(exitCode).toBe(0)
    expect(printed).toMatch(/^ {2}keygen .*\n {2}sql .*\n {2}doctor /m)
  })

  it('lists them without arguments, too, and says by its exit code that nothing was done', async () => {
    const { exitCode, printed } = await runCommand([])
    expect([exitCode, printed]).toEqual([2, (await runCommand(['help'])).printed])
  })

  it.each([
    ['keygen', ['--alg', '--out', '--kid']],
    ['sql', ['--schema']],
    ['doctor', ['CLIENT_ID, --client-id', 'APP_URL, --app-url', '--json']],
  ])('says what %s takes, by help before it or --help after it', async (command, names) => {
    const { exitCode, printed } = await runCommand(['help', command])
    expect(exitCode).toBe(0)
    for (const name of names) expect(printed).toContain(name)
    await expect(runCommand([command, '--help'])).resolves.toMatchObject({ exitCode, printed })
  })

  it('describes every option of the table that doctor takes, and those with secrets without an argument', async () => {
    const { printed } = await runCommand(['help', 'doctor'])
    const taken = Object.values<Option>(OPTIONS).filter(({ help }) => help !== undefined)
    expect(taken).toHaveLength(8)
    for (const { help } of taken) expect(printed).toContain(help)
    expect(printed).not.toMatch(/--(client-secret|private-key|redis-url|database-url)/)
  })

  it('says which version it is', async () => {
    const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
    const { version } = JSON.parse(text) as { version: string }
    await expect(runCommand(['--version'])).resolves.toMatchObject({
      exitCode: 0,
      printed: version,
    })
  })

  it.each([[['docter']], [['help', 'docter']], [['docter', '--help']]])(
    'refuses a command that does not exist: %j',
    async (args) => {
      const { exitCode, printed, said } = await runCommand(args)
      expect([exitCode, printed]).toEqual([2, ''])
      expect(said).toContain("There is no command 'docter'.")
    },
  )
})
