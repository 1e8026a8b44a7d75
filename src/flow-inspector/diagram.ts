import type { ShownValue } from '../diagnostics/shown-values.js'
import type { Flow, TimedEvent } from './recorder.js'

/** The participants of a diagram, in the order of their lanes from left to right. */
export const LANES = ['browser', 'app', 'provider', 'store'] as const

/** One participant of a diagram. */
export type Lane = (typeof LANES)[number]

/** One arrow of a diagram. An arrow from a lane to itself is drawn as a note. */
export interface Line {
  /** Where the arrow starts. */
  readonly from: Lane
  /** Where the arrow ends. */
  readonly to: Lane
  /** The text on the arrow, not escaped. */
  readonly label: string
  /** How long it took, such as `31 ms`. */
  readonly took?: string | undefined
  /** The parameters; secrets are hashes already. */
  readonly values?: readonly ShownValue[]
  /** Whether it is drawn as a failure. */
  readonly isFailure?: boolean
}

/** The events of one type. */
type EventOf<Type extends TimedEvent['type']> = Extract<TimedEvent, { type: Type }>

/** The arrows of a flow, in the order of its events. */
export function linesOf({ events }: Flow): readonly Line[] {
  return events.flatMap((event, index) => linesOfEvent(event, events.slice(0, index)))
}

/**
 * The arrows of one event, which may be none.
 *
 * @param before the events of the flow before this one
 */
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

/** A request of the browser. A callback also shows how long the browser was at the provider. */
function visitLine(
  { at, method, path, values }: EventOf<'visit'>,
  before: readonly TimedEvent[],
): Line {
  const redirect =
    values.length === 0 ? undefined : before.findLast(({ type }) => type === 'redirect')
  const took = redirect && `${duration(at - redirect.at)} at the provider`
  return { from: 'browser', to: 'app', label: `${method} ${path}`, took, values }
}

/** The provider's response, or the reason why there is none. */
function answerLine({ status, failure, durationMs, values }: EventOf<'answer'>): Line {
  return {
    from: 'provider',
    to: 'app',
    label: failure ?? `HTTP ${status ?? ''}`,
    took: duration(durationMs),
    values,
    isFailure: status === undefined || status >= 400,
  }
}

/** The labels of the store's events. */
const STORE_LABELS = {
  put: 'Store the pending login',
  take: 'Take the pending login',
  keep: 'Store the tokens in the session',
} as const

/** Reading or writing the session store. Writing the tokens takes place later, so it has no duration. */
function storeLine({ action, result, durationMs }: EventOf<'store'>): Line {
  const isFailure = result !== 'kept' && result !== 'pending'
  return {
    from: 'app',
    to: 'store',
    label: isFailure ? `${STORE_LABELS[action]}: ${result}` : STORE_LABELS[action],
    took: action === 'keep' ? undefined : duration(durationMs),
    isFailure,
  }
}

/** The labels of successful steps that have no request, or that say more than the response to it. Others are not drawn. */
const SUCCESS_LABELS: Readonly<Record<string, string>> = {
  verify: 'verify accepted the person',
  callback: 'Logged in',
  renewal: 'Tokens renewed',
  grant_end: 'The grant has ended',
  backchannel_logout: 'Logged out by the provider',
  frontchannel_logout: 'Logged out by a page of the provider',
}

/** A step of the library: a note if it succeeds and has a label, or if it is the first to fail. */
function stepLines(event: EventOf<'step'>, before: readonly TimedEvent[]): readonly Line[] {
  const { step, outcome, reason, durationMs } = event
  const took = durationMs === 0 ? undefined : duration(durationMs)
  if (outcome === 'ok') {
    const success = Object.hasOwn(SUCCESS_LABELS, step) ? SUCCESS_LABELS[step] : undefined
    const detail = reason === undefined ? '' : ` (${reason})`
    return success === undefined ? [] : [{ from: 'app', to: 'app', label: success + detail, took }]
  }
  if (before.some((one) => isSameFailure(one, event))) return []
  const label = [step, outcome, reason].filter((part) => part !== undefined).join(' ')
  return [{ from: 'app', to: 'app', label, took, isFailure: true }]
}

/** Whether the failure of a step is that of an earlier step. An outer step fails with the inner one, which is drawn already. */
function isSameFailure(one: TimedEvent, { outcome, reason, message }: EventOf<'step'>): boolean {
  return (
    one.type === 'step' &&
    one.outcome === outcome &&
    one.reason === reason &&
    one.message === message
  )
}

/** A duration for people, such as `31 ms` or `2.4 s`. */
export function duration(durationMs: number): string {
  if (durationMs < 1) return 'under 1 ms'
  return durationMs < 1000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`
}
