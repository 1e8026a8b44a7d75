import { CONTESTANTS, NAMES } from './apps/index.js'
import type { Name } from './apps/index.js'
import { STAMPEDE, TABS } from './checks.js'
import type { Operation } from './load.js'
import type { Figures } from './measure.js'
import type { Profiles, Shares } from './profile.js'
import { ratio, ratios } from './ratio.js'
import type { Spread } from './ratio.js'
import type { Results } from './results.js'
import { targetsOf } from './targets.js'
import type { Target } from './targets.js'

/** The rows of a table that have figures, first of all the one with the headings. */
type Rows = readonly (readonly string[])[]

/** Such as `1.05 (0.98–1.11)`. */
function inWords({ median, least, greatest }: Spread): string {
  return `${median.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`
}

/** All tables, as Markdown. */
export function tables(results: Results): string {
  const parts = [summary(results)]
  if (results.rounds !== undefined) {
    parts.push('Operations a second, × `bare`:', table(timeRows(results, 'operationsPerSecond')))
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
  'better-auth',
  'auth-js',
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
  const parts = [table(checkRows(results)), ...omissions(results)]
  if (results.rounds !== undefined) {
    const heading = 'CPU time of the application’s process for one operation, × `bare`'
    parts.unshift(
      `![${PICTURE}](chart.svg)`,
      `${heading} (median of the rounds; least and greatest):`,
      table(timeRows(results, 'cpuMicroseconds')),
    )
  }
  if (results.loading !== undefined) {
    parts.push(
      'Importing it in a process that has imported Express and Passport:',
      table(loadingRows(results)),
    )
  }
  if (results.heaps !== undefined) {
    parts.push('The heap after so many logins:', table(heapRows(results)))
  }
  if (results.liveSessions !== undefined) {
    const heading = 'Requests with a fresh token a second, by how many live sessions there are'
    parts.push(`${heading}, × the first column:`, table(liveRows(results)))
  }
  parts.push('What this package is to reach:', table(targetRows(targetsOf(results))))
  return [...parts, footer(results)].join('\n\n')
}

function timeRows(results: Results, figure: keyof Figures): Rows {
  const cell = (name: Name, operation: Operation): string => {
    return name === 'bare' ? '1' : inWords(ratio(results, name, operation, figure))
  }
  return [
    ['', 'login route', 'whole login', 'request with a fresh token', 'request that refreshes'],
    ...NAMES.filter((name) => results.rounds?.[name]).map((name) => [
      title(name),
      cell(name, 'login'),
      cell(name, 'whole'),
      cell(name, 'fresh'),
      CONTESTANTS[name].refreshes ? cell(name, 'refresh') : '–',
    ]),
  ]
}

function checkRows({ checks }: Results, among: readonly Name[] = NAMES): Rows {
  const outcome = (kept: boolean | undefined): string =>
    kept === undefined ? '–' : kept ? 'kept' : '**lost**'
  return [
    [
      '',
      'Redis commands: login, callback, fresh, refresh',
      'bytes of a session: short, long tokens',
      `tabs finished of ${TABS}`,
      `refreshes for ${STAMPEDE} requests (answered)`,
      'login after that',
      'tokens after a slow request',
      'changes during a refresh',
      `refreshes for ${STAMPEDE / 2} requests and ${STAMPEDE / 2} job calls (answered)`,
    ],
    ...among.flatMap((name) => {
      const one = checks[name]
      if (one === undefined) return []
      const row = [
        title(name),
        [
          one.startCommands,
          one.callbackCommands,
          one.freshCommands,
          ...(one.refreshCommands ? [one.refreshCommands] : []),
        ]
          .map(({ length }) => length)
          .join(', '),
        one.sessionBytes.join(', '),
        `${one.tabsFinished}`,
        one.stampedeRequests === undefined
          ? '–'
          : `${one.stampedeRequests} (${one.stampedeAnswers ?? 0})`,
        outcome(one.stampedeSurvived),
        outcome(one.tokensKept),
        outcome(one.changeKept),
        one.jobStampedeRequests === undefined
          ? '–'
          : `${one.jobStampedeRequests} (${one.jobStampedeAnswers ?? 0})`,
      ]
      return [row]
    }),
  ]
}

/** What each of them does not do, those together that leave out the same. */
function omissions({ checks }: Results): readonly string[] {
  const titles = new Map<string, string[]>()
  for (const name of NAMES.filter((name) => checks[name])) {
    const list = CONTESTANTS[name].doesNot.join('; ')
    if (list !== '') titles.set(list, [...(titles.get(list) ?? []), `**${title(name)}**`])
  }
  const lines = [...titles].map(([list, names]) => `- ${names.join(', ')}: ${list}`)
  return ['What they do not do, or leave to the application:', lines.join('\n')]
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

function targetRows(targets: readonly Target[]): Rows {
  return [
    ['', 'target', 'measured', ''],
    ...targets.map(({ what, target, measured, isReached }) => [
      what,
      target,
      measured,
      isReached ? 'reached' : '**missed**',
    ]),
  ]
}

function loadingRows({ loading = {} }: Results): Rows {
  return [
    ['', 'until it is there', 'CPU'],
    ...Object.entries(loading).map(([name, { elapsedMs, cpuMs }]) => [
      name,
      `${elapsedMs.toFixed(0)} ms`,
      `${cpuMs.toFixed(0)} ms`,
    ]),
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
