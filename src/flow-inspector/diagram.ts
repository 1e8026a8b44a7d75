import type { ShownValue } from '../shown-values.js'
import type { Flow, TimedEvent } from './recorder.js'

/** Who takes part, in the order of the lanes. */
export const LANES = ['browser', 'app', 'provider', 'store'] as const
export type Lane = (typeof LANES)[number]

/** One arrow of a diagram; from a lane to itself it is a note. */
export interface Line {
  readonly from: Lane
  readonly to: Lane
  readonly label: string
  readonly values: readonly ShownValue[]
  readonly isBad: boolean
}

/** The arrows of a flow, in the order in which things happened. */
export function linesOf({ events }: Flow): readonly Line[] {
  return events.flatMap((event, index) => linesOfEvent(event, events.slice(0, index)))
}

function linesOfEvent(event: TimedEvent, before: readonly TimedEvent[]): readonly Line[] {
  switch (event.type) {
    case 'visit':
      return [line('browser', 'app', `${event.method} ${event.path}${away(event, before)}`, event)]
    case 'redirect':
      return [
        line('app', 'browser', 'Redirect to the provider'),
        line('browser', 'provider', `GET ${event.address}`, event),
      ]
    case 'store':
      return [storeLine(event)]
    case 'request':
      return [line('app', 'provider', `${event.method} ${event.address}`, event)]
    case 'answer': {
      const said = event.failure ?? `HTTP ${event.status ?? ''}`
      const isBad = event.status === undefined || event.status >= 400
      return [line('provider', 'app', `${said} ${after(event.durationMs)}`, event, isBad)]
    }
    case 'step':
      return stepLines(event, before)
    case 'state':
    case 'end':
      return []
  }
}

/** How long a browser was at the provider. */
function away(
  { at, values }: { at: number; values: readonly unknown[] },
  before: readonly TimedEvent[],
) {
  const left = before.findLast(({ type }) => type === 'redirect')
  return left === undefined || values.length === 0 ? '' : ` ${after(at - left.at)} at the provider`
}

const STORE_LABELS = {
  put: 'Keep the pending login',
  take: 'Take the pending login',
  keep: 'Put the tokens into a new session',
} as const

function storeLine({ action, result, durationMs }: Extract<TimedEvent, { type: 'store' }>): Line {
  const isBad = !['kept', 'pending'].includes(result)
  const found = action === 'take' || isBad ? `: ${result === 'pending' ? 'found' : result}` : ''
  const took = action === 'keep' ? '' : ` ${after(durationMs)}`
  return line('app', 'store', `${STORE_LABELS[action]}${found}${took}`, undefined, isBad)
}

/** Steps that have no request of their own, or say more than its answer. */
const TOLD_WHEN_OK: Readonly<Record<string, string>> = {
  verify: 'verify said yes',
  callback: 'Logged in',
  renewal: 'Tokens renewed',
  grant_end: 'The grant has ended',
  backchannel_logout: 'Logged out by the provider',
}

function stepLines(
  event: Extract<TimedEvent, { type: 'step' }>,
  before: readonly TimedEvent[],
): readonly Line[] {
  const { step, outcome, reason = '', message, durationMs } = event
  const took = durationMs === 0 ? '' : ` ${after(durationMs)}`
  if (outcome === 'ok') {
    const told = Object.hasOwn(TOLD_WHEN_OK, step) ? TOLD_WHEN_OK[step] : undefined
    const detail = reason === '' ? '' : ` (${reason})`
    return told === undefined ? [] : [line('app', 'app', told + detail + took)]
  }
  // A step fails with what has failed in it, which is told already.
  const isTold = before.some(
    (one) =>
      one.type === 'step' &&
      one.outcome === outcome &&
      one.reason === reason &&
      one.message === message,
  )
  if (isTold) return []
  const said = [step, outcome, reason].filter((part) => part !== '').join(' ')
  return [line('app', 'app', said + took, undefined, true)]
}

function line(
  from: Lane,
  to: Lane,
  label: string,
  { values }: { readonly values: readonly ShownValue[] } = { values: [] },
  isBad = false,
): Line {
  return { from, to, label, values, isBad }
}

function after(durationMs: number): string {
  return `after ${duration(durationMs)}`
}

/** Such as `31 ms` or `2.4 s`. */
export function duration(durationMs: number): string {
  return durationMs < 1000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`
}
