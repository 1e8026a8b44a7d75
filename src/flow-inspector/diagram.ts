import type { ShownValue } from '../diagnostics/shown-values.js'
import type { Flow, TimedEvent } from './recorder.js'

/** Who takes part, in the order of the lanes. */
export const LANES = ['browser', 'app', 'provider', 'store'] as const

export type Lane = (typeof LANES)[number]

/** One arrow of a diagram; from a lane to itself it is a note. */
export interface Line {
  readonly from: Lane
  readonly to: Lane
  readonly label: string
  /** How long it took, such as `31 ms`. */
  readonly took?: string | undefined
  readonly values?: readonly ShownValue[]
  readonly isBad?: boolean
}

type EventOf<Type extends TimedEvent['type']> = Extract<TimedEvent, { type: Type }>

/** The arrows of a flow, in the order in which things happened. */
export function linesOf({ events }: Flow): readonly Line[] {
  return events.flatMap((event, index) => linesOfEvent(event, events.slice(0, index)))
}

function linesOfEvent(event: TimedEvent, before: readonly TimedEvent[]): readonly Line[] {
  switch (event.type) {
    case 'visit':
      return [visitLine(event, before)]
    case 'redirect':
      return [
        { from: 'app', to: 'browser', label: 'Redirect to the provider' },
        { from: 'browser', to: 'provider', label: `GET ${event.address}`, values: event.values },
      ]
    case 'store':
      return [storeLine(event)]
    case 'request': {
      const { method, address, values } = event
      return [{ from: 'app', to: 'provider', label: `${method} ${address}`, values }]
    }
    case 'answer':
      return [answerLine(event)]
    case 'step':
      return stepLines(event, before)
    case 'state':
    case 'end':
      return []
  }
}

function visitLine(
  { at, method, path, values }: EventOf<'visit'>,
  before: readonly TimedEvent[],
): Line {
  const left = values.length === 0 ? undefined : before.findLast(({ type }) => type === 'redirect')
  const took = left && `${duration(at - left.at)} at the provider`
  return { from: 'browser', to: 'app', label: `${method} ${path}`, took, values }
}

function answerLine({ status, failure, durationMs, values }: EventOf<'answer'>): Line {
  return {
    from: 'provider',
    to: 'app',
    label: failure ?? `HTTP ${status ?? ''}`,
    took: duration(durationMs),
    values,
    isBad: status === undefined || status >= 400,
  }
}

const STORE_LABELS = {
  put: 'Keep the pending login',
  take: 'Take the pending login',
  keep: 'Keep the tokens in the session',
} as const

function storeLine({ action, result, durationMs }: EventOf<'store'>): Line {
  const isBad = result !== 'kept' && result !== 'pending'
  return {
    from: 'app',
    to: 'store',
    label: isBad ? `${STORE_LABELS[action]}: ${result}` : STORE_LABELS[action],
    took: action === 'keep' ? undefined : duration(durationMs),
    isBad,
  }
}

/** Steps that have no request of their own, or say more than its answer. */
const TOLD_WHEN_OK: Readonly<Record<string, string>> = {
  verify: 'verify said yes',
  callback: 'Logged in',
  renewal: 'Tokens renewed',
  grant_end: 'The grant has ended',
  backchannel_logout: 'Logged out by the provider',
}

function stepLines(event: EventOf<'step'>, before: readonly TimedEvent[]): readonly Line[] {
  const { step, outcome, reason, durationMs } = event
  const took = durationMs === 0 ? undefined : duration(durationMs)
  if (outcome === 'ok') {
    const told = Object.hasOwn(TOLD_WHEN_OK, step) ? TOLD_WHEN_OK[step] : undefined
    const detail = reason === undefined ? '' : ` (${reason})`
    return told === undefined ? [] : [{ from: 'app', to: 'app', label: told + detail, took }]
  }
  if (before.some((one) => isSameFailure(one, event))) return []
  const label = [step, outcome, reason].filter((part) => part !== undefined).join(' ')
  return [{ from: 'app', to: 'app', label, took, isBad: true }]
}

/** A step fails with what has failed within it, which is told already. */
function isSameFailure(one: TimedEvent, { outcome, reason, message }: EventOf<'step'>): boolean {
  return (
    one.type === 'step' &&
    one.outcome === outcome &&
    one.reason === reason &&
    one.message === message
  )
}

/** Such as `31 ms` or `2.4 s`. */
export function duration(durationMs: number): string {
  if (durationMs < 1) return 'under 1 ms'
  return durationMs < 1000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`
}
