import type { StoreFigures } from './run.js'

/** The results of one run. */
export interface CapacityResults {
  readonly date: string
  readonly node: string
  readonly cpus: string
  /** The machine's load average when it began. */
  readonly load: number
  readonly stores: readonly StoreFigures[]
}

/** The table, as Markdown. */
export function capacityTable({ date, node, cpus, load, stores }: CapacityResults): string {
  const headings = [
    'store',
    'grants',
    'bytes a grant',
    'processes',
    'renewals a second',
    'median, 99 %',
    'heap of a process',
  ]
  const rows = stores.flatMap(({ kind, grants, bytesPerGrant, renewing }) =>
    renewing.map(({ processes, perSecond, medianMs, p99Ms, heap }) => [
      kind,
      grants.toLocaleString('en-US'),
      bytesPerGrant.toFixed(0),
      `${processes}`,
      perSecond.toFixed(0),
      `${medianMs.toFixed(0)} ms, ${p99Ms.toFixed(0)} ms`,
      `${(heap / 2 ** 20).toFixed(0)} MiB`,
    ]),
  )
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const table = [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
  const footer = `${date.slice(0, 10)}, Node.js ${node}, ${cpus}, load average ${load.toFixed(1)} at the start.`
  return `${table}\n\n${footer}`
}
