import { readAnswer } from './errors.js'
import { inBatches } from './in-batches.js'
import type { NightlyTools, ToolLine } from './nightly-tools.js'
import type { Notes } from './notes.js'
import type { Provider } from './providers.js'

/** What a report says about one person. */
export interface ReportLine {
  /** `login_required`: only the person can help, by allowing the report again. `failed`: the next report may succeed. */
  readonly outcome: 'done' | 'login_required' | 'failed'
  /** What the API said. Empty if it said nothing. */
  readonly text: string
}

/** The result of one report. */
export interface Report {
  /** In **milliseconds since the epoch**. */
  readonly finishedAt: number
  /** By account. */
  readonly lines: Readonly<Record<string, ReportLine>>
  /** What the tools of connected servers said that people want to have called every night. */
  readonly tools: readonly ToolLine[]
}

/** The nightly report: reads at Askara what is new about everybody who has allowed it, without their browsers. */
export interface Reports {
  /** Adds a person, whose grant is about to be stored. */
  readonly allow: (account: string) => Promise<void>
  /** Ends the person's grant, and leaves them out from now on. */
  readonly takeBack: (account: string) => Promise<void>
  readonly isAllowed: (account: string) => Promise<boolean>
  /** Makes a report now. While one is being made, resolves to that one. */
  readonly run: () => Promise<Report>
  readonly last: () => Promise<Report | undefined>
}

/** Creates the {@link Reports}. */
export function createReports(parts: {
  /** What is allowed, once it is set up. */
  readonly report: () => Provider
  readonly tools: Pick<NightlyTools, 'run'>
  readonly notes: Notes
  readonly onError: (error: unknown) => void
}): Reports {
  const { report, tools, notes, onError } = parts
  let running: Promise<Report> | undefined

  async function lineAbout(account: string): Promise<ReportLine> {
    try {
      const { strategy, apiURL } = report()
      const profile = await readAnswer(strategy.fetch({ account }, apiURL))
      return { outcome: 'done', text: describe(profile) }
    } catch (error) {
      // One person's trouble must not end the report for all others.
      if (codeOf(error) === 'ERR_LOGIN_REQUIRED') return { outcome: 'login_required', text: '' }
      onError(error)
      return { outcome: 'failed', text: '' }
    }
  }

  async function make(): Promise<Report> {
    const accounts = [...(await notes.all('people')).keys()]
    const lines: Record<string, ReportLine> = {}
    await inBatches(accounts, async (one) => (lines[one] = await lineAbout(one)))
    const made = { tools: await tools.run(), lines, finishedAt: Date.now() }
    await notes.put('reports', 'last', JSON.stringify(made))
    return made
  }

  return {
    allow: (account) => notes.put('people', account, 'allowed'),

    async takeBack(account) {
      await report().strategy.endGrant({ account })
      await notes.remove('people', account)
    },

    isAllowed: async (account) => (await report().strategy.tokens({ account })) !== undefined,

    run() {
      running ??= make().finally(() => (running = undefined))
      return running
    },

    async last() {
      const text = (await notes.all('reports')).get('last')
      return text === undefined ? undefined : (JSON.parse(text) as Report)
    },
  }
}

function describe(profile: unknown): string {
  const { email, organization } = Object(profile) as Readonly<Record<string, unknown>>
  const { name } = Object(organization) as Readonly<Record<string, unknown>>
  return [name, email].filter((one) => typeof one === 'string').join(', ')
}

function codeOf(error: unknown): unknown {
  return (Object(error) as { readonly code?: unknown }).code
}
