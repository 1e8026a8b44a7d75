import { describe, expect, it, jest } from '@jest/globals'
import { startCommand } from '../support/command.js'
import { heapTrend } from './soak/heap.js'
import { attacksOf } from './soak/attacks.js'
import { FAULTS } from './soak/messages.js'
import type { Fault } from './soak/messages.js'

// It starts two processes, on a machine that may be busy.
jest.setTimeout(120_000)

const FUZZ = ['--import', 'tsx', 'test/fuzz/soak/run.ts', '--seed', '1']

/** Runs the soak and resolves to what it prints, the exit code in the last line. */
async function soak(...args: string[]): Promise<string> {
  const command = startCommand('sh', [
    '-c',
    `"$0" "$@"; echo "exit code $?"`,
    process.execPath,
    ...FUZZ,
    ...args,
  ])
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
  it('finds nothing wrong with an application while honest people log in', async () => {
    const report = await soak('--seconds', '3')
    expect(report).toContain('violations: 0\nexit code 0')
    expect(report).toMatch(/^attacks: [1-9]/m)
    expect(report).toMatch(/^honest logins: [1-9]\d* ok, 0 failed/m)
  })

  it.each(FAULTS)('notices the fault “%s”', async (fault) => {
    const report = await soak('--seconds', '3', '--connections', '2', '--fault', fault)
    expect(report).toMatch(NOTICED[fault])
    expect(report).toContain('exit code 1')
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
