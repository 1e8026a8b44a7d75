import { TOKEN_LENGTH } from './run.js'
import type { StoreFigures } from './run.js'
import type { Memory } from './worker.js'

/** The results of one run. */
export interface CapacityResults {
  readonly date: string
  readonly node: string
  readonly cpus: string
  /** The machine's load average when it began. */
  readonly load: number
  readonly seconds: number
  readonly stores: readonly StoreFigures[]
}

/** The rows of a table, first of all the one with the headings. */
type Rows = readonly (readonly string[])[]

/** The tables of docs/capacity.md, as Markdown. */
export function capacityTables(results: CapacityResults): string {
  const { date, node, cpus, load, seconds, stores } = results
  const machine = `${date.slice(0, 10)}, Node.js ${node}, ${cpus}`
  return [
    'What a grant takes:',
    table(sizeRows(stores)),
    'Calls of `accessToken({ account })`, each for another account, 32 at once in each process:',
    table(callRows(stores)),
    'What one process has in memory, before and after the calls of the table above:',
    table(memoryRows(stores)),
    'The daily job `renewIdle`, in one process, where a sixtieth of the grants is due:',
    table(idleRows(stores)),
    `${machine}, load average ${load.toFixed(1)} at the start, ${Math.round(seconds)} s.`,
  ].join('\n\n')
}

function sizeRows(stores: readonly StoreFigures[]): Rows {
  const perGrant = (bytes: number, grants: number): string => whole(bytes / grants)
  return [
    [
      '',
      'grants',
      'all of them',
      'bytes a grant',
      `with access tokens of ${whole(TOKEN_LENGTH)} characters`,
    ],
    ...stores.flatMap(({ kind, grants, sizes, long }) =>
      sizes.map(({ what, bytes }, place) => [
        `${kind}, ${what}`,
        whole(grants),
        mebibytes(bytes),
        perGrant(bytes, grants),
        perGrant(long.sizes[place]?.bytes ?? Number.NaN, long.grants),
      ]),
    ),
  ]
}

function callRows(stores: readonly StoreFigures[]): Rows {
  return [
    ['', 'grants', 'processes', 'calls a second', 'median', '99 %', 'CPU of a call: app', 'store'],
    ...stores.flatMap(({ kind, calls }) =>
      calls.map(({ what, grants, processes, perSecond, medianMs, p99Ms, appCpu, storeCpu }) => [
        `${kind}, ${what}`,
        whole(grants),
        `${processes}`,
        whole(perSecond),
        `${medianMs.toFixed(0)} ms`,
        `${p99Ms.toFixed(0)} ms`,
        `${whole(appCpu)} µs`,
        storeCpu === undefined ? '–' : `${whole(storeCpu)} µs`,
      ]),
    ),
  ]
}

function memoryRows(stores: readonly StoreFigures[]): Rows {
  return [
    ['', 'grants', 'calls of the process', 'heap', 'resident'],
    ...stores.flatMap(({ kind, calls: all }) =>
      all.map(({ what, grants, processes, calls, before, after }) => [
        `${kind}, ${what}`,
        whole(grants),
        whole(calls / processes),
        ...change(before, after),
      ]),
    ),
  ]
}

function idleRows(stores: readonly StoreFigures[]): Rows {
  return [
    ['', 'looks at', 'refreshes', 'time', 'grants a second', 'heap', 'resident'],
    ...stores.map(({ kind, long: { grants, renewIdle } }) => [
      kind,
      whole(grants),
      whole(renewIdle.renewed),
      `${renewIdle.seconds.toFixed(0)} s`,
      whole(grants / renewIdle.seconds),
      ...change(renewIdle.before, renewIdle.after),
    ]),
  ]
}

function change(before: Memory, after: Memory): readonly string[] {
  return (['heap', 'resident'] as const).map(
    (part) => `${mebibytes(before[part])} → ${mebibytes(after[part])}`,
  )
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function mebibytes(bytes: number): string {
  return `${whole(bytes / 2 ** 20)} MiB`
}

function table([headings = [], ...rows]: Rows): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
}
