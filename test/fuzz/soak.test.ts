import { describe, expect, it, jest } from '@jest/globals'
import { startCommand } from '../support/command.js'
import { heapTrend } from './soak/heap.js'
import { attacksOf } from './soak/attacks.js'
import { FAULTS } from './soak/messages.js'
import type { Fault } from './soak/messages.js'
import { reportText } from './soak/report.js'
import { runSoak } from './soak/soak.js'
import type { SoakOptions } from './soak/soak.js'

// It starts two processes, on a machine that may be busy.
jest.setTimeout(120_000)

/** What `npm run fuzz` runs, without the reader of its options. */
async function soak(options: Partial<SoakOptions> = {}): Promise<string> {
  return reportText(
    await runSoak({ seconds: 3, connections: 2, seed: 1, mode: 'session', ...options }),
  )
}

/** The command itself; resolves to what it prints, with the exit code in the last line. */
async function runCommand(...args: string[]): Promise<string> {
  const run = [process.execPath, '--import', 'tsx', 'test/fuzz/soak/run.ts', ...args]
  const command = startCommand('sh', ['-c', '"$@"; echo "exit code $?"', 'sh', ...run])
  await command.printed(/exit code \d+/)
  return command.stop()
}

/** What each fault is found by. */
const NOTICED: Readonly<Record<Fault, RegExp>> = {
  leak: /^- the memory has grown/m,
  'open page': /^- a stranger got a page: THE-PAGE-OF:honest-somebody/m,
  rejection: /^- unhandledRejection/m,
  secret: /^- a secret was answered: SECRET-of-the-client/m,
  end: /^- the process has ended/m,
  deaf: /^- an honest login has failed/m,
}

describe('the soak', () => {
  it.each(['session', 'memory'] as const)(
    'finds nothing wrong with an application in the mode %s while honest people log in',
    async (mode) => {
      const report = await soak({ mode, connections: 8 })
      expect(report).toMatch(/^violations: 0$/m)
      expect(report).toMatch(/^attacks: [1-9]/m)
      expect(report).toMatch(/^honest logins: [1-9]\d* ok, 0 failed/m)
    },
  )

  it.each(FAULTS)('notices the fault “%s”', async (fault) => {
    // What the memory does takes longer to see.
    const seconds = fault === 'leak' ? 8 : 3
    expect(await soak({ fault, seconds })).toMatch(NOTICED[fault])
  })

  it('ends with the exit code 1 if something is wrong', async () => {
    const output = await runCommand('--seconds', '3', '--seed', '1', '--fault', 'open page')
    expect(output).toMatch(NOTICED['open page'])
    expect(output).toMatch(/exit code 1$/m)
  })

  it('sends the same for the same seed', () => {
    const first = (seed: number, connection: number): string => {
      const attacks = attacksOf(seed, connection)
      return JSON.stringify(Array.from({ length: 60 }, () => attacks.next().value))
    }
    expect(first(1, 0)).toBe(first(1, 0))
    expect(first(1, 0)).not.toBe(first(2, 0))
    expect(first(1, 0)).not.toBe(first(1, 1))
  })
})

describe('the trend of the memory', () => {
  const MIB = 1024 * 1024
  /** Ten minutes with a sample every ten seconds. */
  const samples = (bytesAt: (second: number) => number) =>
    Array.from({ length: 60 }, (_value, index) => ({ at: index * 10, bytes: bytesAt(index * 10) }))

  it('does not count what is built up in the first minute', () => {
    const warm = samples((second) => Math.min(second, 60) * MIB)
    expect(heapTrend(warm, 600).isFlat).toBe(true)
  })

  it('notices a little more each second', () => {
    const leaking = samples((second) => 40 * MIB + second * 20_000)
    expect(heapTrend(leaking, 600)).toMatchObject({ isFlat: false })
  })
})
