import { CONTESTANTS, NAMES } from './apps/index.js'
import type { Name } from './apps/index.js'
import { STAMPEDE, TABS } from './checks.js'
import type { Checks } from './checks.js'
import type { Operation } from './load.js'
import type { BySessions, Figures } from './measure.js'
import type { Profiles, Shares } from './profile.js'

/** Everything one run has found out. */
export interface Results {
  readonly date: string
  readonly node: string
  readonly cpus: string
  /** The machine's load average when it began: what else was going on. */
  readonly load: number
  readonly seconds: number
  /** The packages that are compared, and their versions. */
  readonly versions: Readonly<Record<string, string>>
  readonly checks: Readonly<Record<Name, Checks>>
  readonly rounds?: Readonly<Record<Name, Readonly<Record<Operation, readonly Figures[]>>>>
  /** Bytes, in the order of `heapLogins`. */
  readonly heaps?: Readonly<Record<string, readonly number[]>>
  readonly heapLogins?: readonly number[]
  readonly liveSessions?: Readonly<Record<string, BySessions>>
}

/** A ratio to `bare` over the rounds: its median, and its least and greatest. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly greatest: number
}

/** The rows of a table that have figures, first of all the one with the headings. */
type Rows = readonly (readonly string[])[]

/** The ratio of one application to `bare`, each round by itself. */
export function ratio(
  results: Results,
  name: Name,
  operation: Operation,
  figure: keyof Figures,
): Spread {
  return ratios(
    results.rounds?.[name][operation] ?? [],
    results.rounds?.bare[operation] ?? [],
    figure,
  )
}

/** The ratios of some figures to others of the same rounds. */
function ratios(
  figures: readonly Figures[],
  others: readonly Figures[],
  figure: keyof Figures,
): Spread {
  return spread(figures.map((one, round) => one[figure] / (others[round]?.[figure] ?? NaN)))
}

/** Such as `1.05 (0.98–1.11)`. */
function inWords({ median, least, greatest }: Spread): string {
  return `${median.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? NaN
  const middle = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    greatest: at(sorted.length - 1),
  }
}

/** All tables, as Markdown. */
export function tables(results: Results): string {
  const parts = [summary(results)]
  if (results.rounds !== undefined) {
    parts.push('Operations a second, × `bare`:', table(timeRows(results, 'operationsPerSecond')))
  }
  if (results.heaps !== undefined) {
    parts.push('Heap after so many logins:', table(heapRows(results)))
  }
  if (results.liveSessions !== undefined) {
    const heading =
      'Requests with a fresh token a second, by how many live sessions there are, × the'
    parts.push(`${heading} first column:`, table(liveRows(results)))
  }
  return parts.join('\n\n')
}

/** The applications in the README's table: this package once, and no variation of `bare`. */
const README_NAMES: readonly Name[] = [
  'bare',
  'library',
  'passport-oauth2',
  'grant',
  'openid-client',
  'express-openid-connect',
]

const PICTURE = 'CPU time of each operation, as a multiple of hand-written handlers’'

/** The picture and the table that the README has. */
export function readmeSummary(results: Results): string {
  return [`![${PICTURE}](docs/chart.svg)`, table(readmeRows(results)), dated(results)].join('\n\n')
}

function readmeRows(results: Results): Rows {
  const all = checkRows(results, README_NAMES)
  const columns = [
    [0, ''],
    [3, `tabs that finish, of ${TABS}`],
    [4, `refreshes for ${STAMPEDE} requests at once (requests that got a token)`],
    [6, 'new tokens when a slow request saves its session'],
    [7, 'session changes during a refresh'],
  ] as const
  const cpu = (name: Name): string =>
    name === 'bare' ? '1' : ratio(results, name, 'whole', 'cpuMicroseconds').median.toFixed(2)
  return [
    [...columns.map(([, heading]) => heading), 'CPU time of a login'],
    ...README_NAMES.map((name, index) => {
      const row = all[index + 1] ?? []
      const [, ...cells] = columns.map(([column]) => row[column] ?? '')
      return [name === 'bare' ? 'hand-written handlers' : title(name), ...cells, cpu(name)]
    }),
  ]
}

/** The tables of docs/figures.md. */
export function summary(results: Results): string {
  const parts = [table(checkRows(results)), footer(results)]
  if (results.rounds !== undefined) {
    const heading = 'CPU time of the application’s process for one operation, × `bare`'
    parts.unshift(
      `![${PICTURE}](chart.svg)`,
      `${heading} (median of the rounds; least and greatest):`,
      table(timeRows(results, 'cpuMicroseconds')),
    )
  }
  return parts.join('\n\n')
}

function timeRows(results: Results, figure: keyof Figures): Rows {
  const cell = (name: Name, operation: Operation): string => {
    return name === 'bare' ? '1' : inWords(ratio(results, name, operation, figure))
  }
  return [
    ['', 'login route', 'whole login', 'request with a fresh token'],
    ...NAMES.map((name) => [
      title(name),
      cell(name, 'login'),
      cell(name, 'whole'),
      cell(name, 'fresh'),
    ]),
  ]
}

function checkRows({ checks }: Results, names: readonly Name[] = NAMES): Rows {
  const outcome = (kept: boolean | undefined): string =>
    kept === undefined ? '–' : kept ? 'kept' : '**lost**'
  return [
    [
      '',
      'Redis commands: login, fresh',
      'bytes of a session: short, long tokens',
      `tabs finished of ${TABS}`,
      `refreshes for ${STAMPEDE} requests (answered)`,
      'login after that',
      'tokens after a slow request',
      'changes during a refresh',
    ],
    ...names.map((name) => {
      const one = checks[name]
      return [
        title(name),
        `${one.loginCommands.length}, ${one.freshCommands.length}`,
        one.sessionBytes.join(', '),
        `${one.tabsFinished}`,
        one.stampedeRequests === undefined
          ? '–'
          : `${one.stampedeRequests} (${one.stampedeAnswers ?? 0})`,
        outcome(one.stampedeSurvived),
        outcome(one.tokensKept),
        outcome(one.changeKept),
      ]
    }),
  ]
}

/** Whose code the CPU time of an operation goes to, in hundredths of what all of it is for `bare`. */
export function profileTables(profiles: Profiles): string {
  return Object.entries(profiles)
    .map(([operation, byApp]) => `${operation}:\n\n${table(profileRows(byApp))}`)
    .join('\n\n')
}

function profileRows(byApp: Readonly<Record<string, Shares>>): Rows {
  const all = (shares: Shares = {}): number => Object.values(shares).reduce((a, b) => a + b, 0)
  const hundred = all(byApp['bare'])
  const share = (microseconds = 0): string => ((microseconds / hundred) * 100).toFixed(1)
  const apps = Object.entries(byApp)
  const owners = [...new Set(apps.flatMap(([, shares]) => Object.keys(shares)))]
  const greatest = (owner: string): number =>
    Math.max(...apps.map(([, shares]) => shares[owner] ?? 0))
  return [
    ['', ...apps.map(([name]) => title(name as Name))],
    ...owners
      .filter((owner) => greatest(owner) > hundred / 100)
      .sort((a, b) => greatest(b) - greatest(a))
      .map((owner) => [owner, ...apps.map(([, shares]) => share(shares[owner]))]),
    ['all', ...apps.map(([, shares]) => share(all(shares)))],
  ]
}

function heapRows({ heaps = {}, heapLogins = [] }: Results): Rows {
  const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
  return [
    ['', ...heapLogins.map((logins) => logins.toLocaleString('en-US'))],
    ...Object.entries(heaps).map(([name, bytes]) => [title(name as Name), ...bytes.map(megabytes)]),
  ]
}

function liveRows({ liveSessions = {} }: Results): Rows {
  const counts = Object.keys(Object.values(liveSessions)[0] ?? {})
  const [first = ''] = counts
  return [
    ['', ...counts.map((count) => Number(count).toLocaleString('en-US'))],
    ...Object.entries(liveSessions).map(([name, byCount]) => [
      title(name as Name),
      ...counts.map((count) => {
        if (count === first) return '1'
        return inWords(ratios(byCount[count] ?? [], byCount[first] ?? [], 'operationsPerSecond'))
      }),
    ]),
  ]
}

function title(name: Name): string {
  return CONTESTANTS[name].title
}

function table([headings = [], ...rows]: Rows): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
}

function dated({ date, node, cpus }: Results): string {
  return `${date.slice(0, 10)}, Node.js ${node}, ${cpus}.`
}

function footer({ date, node, cpus, load, seconds, versions }: Results): string {
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `${date.slice(0, 10)}, Node.js ${node}, ${cpus}, load average ${load.toFixed(1)} at the start, ${Math.round(seconds)} s: ${list.join(', ')}.`
}
