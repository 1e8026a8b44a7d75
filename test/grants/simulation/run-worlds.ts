import type * as Engine from './engine.js'
import type { Cause } from './oracle.js'
import type { Theme } from './themes.js'
import { runWorld } from './world.js'
import type { WorldReport } from './world.js'

/** What many worlds have shown. */
export interface Findings {
  worlds: number
  faulty: number
  requests: number
  tokens: number
  readonly causes: Map<Cause, number>
}

/** How many worlds share the turns of the event loop. */
const AT_ONCE = 40

/**
 * Runs worlds with the seeds from `seed` on.
 *
 * @param onFault called for each world with a fault; `true` ends the run
 */
export async function runWorlds(
  engine: typeof Engine,
  seed: number,
  count: number,
  onFault: (report: WorldReport) => boolean,
  theme?: Theme,
): Promise<Findings> {
  const findings: Findings = { worlds: 0, faulty: 0, requests: 0, tokens: 0, causes: new Map() }
  let next = seed
  const run = async (): Promise<void> => {
    while (next < seed + count) {
      const report = await runWorld(engine, next++, theme)
      findings.worlds += 1
      findings.requests += report.requests
      findings.tokens += report.tokens
      for (const [cause, times] of report.causes) {
        findings.causes.set(cause, (findings.causes.get(cause) ?? 0) + times)
      }
      if (report.faults.length === 0) continue
      findings.faulty += 1
      if (onFault(report)) next = Infinity
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
  return findings
}
