import type { FlowContext, FlowEvent, FlowFailure } from '../diagnostics/observation.js'

/** An event, and when it was told, in **milliseconds since the epoch**. */
export type TimedEvent = FlowEvent & { readonly at: number }

/** How a flow stands. A login is `waiting` while the browser is at the provider. */
export type FlowStatus = 'running' | 'waiting' | 'ok' | 'refused' | 'failed'

/** Everything that belongs to one login, renewal, logout or other act. */
export interface Flow {
  readonly id: number
  readonly strategy: string
  /** What it was begun for. */
  readonly activity: string
  readonly startedAt: number
  readonly events: readonly TimedEvent[]
  /** How many events there was no room for. */
  readonly dropped: number
  readonly status: FlowStatus
  /** Why it was refused or failed. */
  readonly failure: FlowFailure | undefined
}

/** What is remembered of the flows of some strategies: the newest, and of each a bounded part. */
export interface Recorder {
  readonly observe: (context: FlowContext, event: FlowEvent) => void
  /** Newest first. */
  flows(): readonly Flow[]
  /** Tells `listener` the `id` of each flow that has changed, until the function it returns is called. */
  onChange(listener: (id: number) => void): () => void
}

type Recorded = { -readonly [Key in keyof Flow]: Flow[Key] } & {
  events: TimedEvent[]
  readonly contexts: Set<number>
  state?: string
}

/** As many flows are remembered. */
const MAXIMUM_FLOWS = 50

/** As many events of each. */
const MAXIMUM_EVENTS = 100

/** Creates a recorder that has seen nothing yet. */
export function createRecorder(): Recorder {
  const flows: Recorded[] = []
  const listeners = new Set<(id: number) => void>()

  function flowOf(context: FlowContext): Recorded {
    const known = flows.find(({ contexts }) => contexts.has(context.id))
    if (known !== undefined) return known
    const flow: Recorded = {
      ...context,
      startedAt: Date.now(),
      events: [],
      dropped: 0,
      status: 'running',
      failure: undefined,
      contexts: new Set([context.id]),
    }
    flows.unshift(flow)
    flows.splice(MAXIMUM_FLOWS)
    return flow
  }

  /** Until its `state` is read, nobody knows which login a callback belongs to. */
  function join(flow: Recorded, state: string): Recorded {
    const login = flows.find((one) => one.state === state)
    if (login === undefined || login === flow) {
      flow.state = state
      return flow
    }
    for (const event of flow.events) keep(login, event)
    for (const id of flow.contexts) login.contexts.add(id)
    login.status = 'running'
    login.failure = undefined
    flows.splice(flows.indexOf(flow), 1)
    return login
  }

  return {
    observe(context, event) {
      if (event.type === 'end' && event.failure === undefined && !isKnown(flows, context)) return
      let flow = flowOf(context)
      if (event.type === 'state') flow = join(flow, event.state)
      else record(flow, context, { ...event, at: Date.now() })
      for (const listener of listeners) listener(flow.id)
    },
    flows: () => flows,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function isKnown(flows: readonly Recorded[], { id }: FlowContext): boolean {
  return flows.some(({ contexts }) => contexts.has(id))
}

function record(flow: Recorded, { activity }: FlowContext, event: TimedEvent): void {
  if (event.type !== 'end') {
    keep(flow, event)
    if (event.type !== 'step' || event.step !== activity || event.outcome !== 'refused') return
    flow.status = 'refused'
    flow.failure = { reason: event.reason ?? 'refused' }
  } else if (event.failure !== undefined) {
    flow.status = 'failed'
    flow.failure = event.failure
  } else if (flow.status === 'running') {
    flow.status = activity === 'login' ? 'waiting' : 'ok'
  }
}

function keep(flow: Recorded, event: TimedEvent): void {
  if (flow.events.length < MAXIMUM_EVENTS) flow.events.push(event)
  else flow.dropped += 1
}
