import { html, type Html } from './html.js'
import { page, time } from './layout.js'
import type { Report, ReportLine } from './report.js'

/** What the page of the report shows to one person. */
export interface ReportFacts {
  readonly account: string
  /** Whether this person has allowed the report. */
  readonly isAllowed: boolean
  readonly last: Report | undefined
}

/** The nightly report: its last result, and who may make it. */
export function reportPage({ account, isAllowed, last }: ReportFacts): Html {
  return page({
    title: 'Nightly report',
    path: '/report',
    provider: 'askara',
    content: html`
      <p class="lead">
        Every night, a job of this app asks Askara for the profile of everybody who has allowed it.
        No browser is open then, and you may have logged out.
      </p>
      <section class="card">
        <h2>Last report</h2>
        ${last ? result(last, account) : html`<p class="quiet">There has been none.</p>`}
        <form method="post" action="/report/run"><button>Run now</button></form>
      </section>
      <section class="card">
        <h2>${isAllowed ? 'You have allowed it' : 'You have not allowed it'}</h2>
        <p class="quiet">
          This is a grant of its own, which survives logging out (<code
            >grantLifetime: 'account'</code
          >). Your login ends when you log out.
        </p>
        ${
          isAllowed
            ? html`<form method="post" action="/report/take-back">
                <button>Take it back</button>
              </form>`
            : html`<a class="button primary" href="/auth/report/login">Allow the report</a>`
        }
      </section>
    `,
  })
}

function result({ finishedAt, lines }: Report, account: string): Html {
  const all = Object.values(lines)
  const count = (outcome: ReportLine['outcome']): number =>
    all.filter((line) => line.outcome === outcome).length
  return html`<dl>
    <dt>Finished</dt>
    <dd>${time(finishedAt)}</dd>
    <dt>Profiles read</dt>
    <dd>${count('done')}</dd>
    <dt>Must allow it again</dt>
    <dd>${count('login_required')}</dd>
    <dt>Failed</dt>
    <dd>${count('failed')}</dd>
    <dt>About you</dt>
    <dd>${ofPerson(lines[account])}</dd>
  </dl>`
}

function ofPerson(line: ReportLine | undefined): string {
  if (line === undefined) return 'nothing'
  if (line.outcome === 'done') return line.text
  return line.outcome === 'failed'
    ? 'Askara did not answer; the next report tries again'
    : 'Askara refused: allow the report again'
}
