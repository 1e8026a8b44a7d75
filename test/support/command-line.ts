import { main } from '../../src/cli/main.js'

/** How a command ended. */
export interface CommandResult {
  readonly exitCode: number
  readonly printed: string
  readonly said: string
}

/** Runs a command of the command line in this process. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const printed: string[] = []
  const said: string[] = []
  const exitCode = await main(args, {
    env,
    packageFile: new URL('../../package.json', import.meta.url),
    print: (line) => printed.push(line),
    say: (line) => said.push(line),
  })
  return { exitCode, printed: printed.join('\n'), said: said.join('\n') }
}
