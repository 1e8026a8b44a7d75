import { inMebibytes } from './heap.js'
import type { SoakReport } from './soak.js'

/** The longest text of a violation that is printed, in characters. */
const LONGEST = 3000

/** The report as it is printed. */
export function reportText(report: SoakReport): string {
  const { findings, honest, heap, trend, tookSeconds, mode, connections, seed } = report
  const latencies = honest.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b)
  const at = (share: number): string => {
    const index = Math.min(latencies.length - 1, Math.floor(latencies.length * share))
    return `${Math.round(latencies[index] ?? 0)} ms`
  }
  const failed = honest.filter(({ failure }) => failure !== undefined).length
  const { violations } = findings
  return [
    `mode ${mode}, ${connections} connections, ${tookSeconds.toFixed(0)} s, seed ${seed}`,
    `attacks: ${sum(findings.attacks)} (${listed(findings.attacks)})`,
    `requests sent: ${findings.requests.count}, ${Math.round(findings.requests.count / tookSeconds)} a second`,
    `answers by status: ${listed(findings.statuses)}`,
    `answers by error: ${listed(findings.codes)}`,
    `attackers were logged in as themselves: ${findings.logins.count} times`,
    `honest logins: ${honest.length - failed} ok, ${failed} failed; p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`,
    `heap, MiB: ${heap.map(({ bytes }) => (bytes / 1024 / 1024).toFixed(1)).join(' ')}`,
    `heap, ${trend.parts}: ${inMebibytes(trend.earlyBytes)} and ${inMebibytes(trend.lateBytes)}, ${trend.isFlat ? 'flat' : 'not flat'}`,
    `violations: ${violations.length}`,
    ...violations.map(({ what, details, input }) =>
      [
        `- ${what} (seed ${seed})`,
        details.slice(0, LONGEST),
        ...(input === undefined ? [] : [`input: ${JSON.stringify(input).slice(0, LONGEST)}`]),
      ].join('\n  '),
    ),
  ].join('\n')
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, one) => total + one, 0)
}
