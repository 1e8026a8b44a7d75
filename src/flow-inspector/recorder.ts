import type { FlowContext, FlowEvent, FlowFailure } from '../diagnostics/observation.js'

/** An event, and when it was recorded, in **milliseconds since the epoch**. */
export type TimedEvent = FlowEvent & { readonly at: number }

/** The status of a flow. A login is `waiting` while the browser is at the provider. */
export type FlowStatus = 'running' | 'waiting' | 'ok' | 'refused' | 'failed'

/** The events of one login, renewal, logout or other activity. A login and its callback are one flow. */
export interface Flow {
  /** Identifies the flow in this process. */
  readonly id: number
  /** The name of the strategy. */
  readonly strategy: string
  /** The activity that it was started for, such as `login`. */
  readonly activity: string
  /** When it was started, in **milliseconds since the epoch**. */
  readonly startedAt: number
  /** The events, oldest first; at most 100. */
  readonly events: readonly TimedEvent[]
  /** How many further events were not kept. */
  readonly dropped: number
  /** Whether it is running or has ended, and how. */
  readonly status: FlowStatus
  /** Why it was refused or has failed; `undefined` otherwise. */
  readonly failure: FlowFailure | undefined
}

/** Records the flows of some strategies in memory: the newest 50, and at most 100 events of each. */
export interface Recorder {
  /** Records an event. It is added to the observers of a strategy. */
  readonly observe: (context: FlowContext, event: FlowEvent) => void
  /** The recorded flows, newest first. */
  flows(): readonly Flow[]
  /**
   * Calls `listener` with the `id` of each flow that changes.
   *
   * @returns a function that removes the listener
   */
  onChange(listener: (id: number) => void): () => void
}

/** A flow while it is recorded. `contexts` has the ids of the activities that it consists of. */
type Recorded = { -readonly [Key in keyof Flow]: Flow[Key] } & {
  events: TimedEvent[]
  readonly contexts: Set<number>
  state?: string
}

/** How many flows are kept. */
const MAXIMUM_FLOWS = 50

/** How many events of a flow are kept. */
const MAXIMUM_EVENTS = 100

/** Creates a recorder without any flows. */
export function createRecorder(): Recorder {
  const flows: Recorded[] = []
  const listeners = new Set<(id: number) => void>()

  /** The flow that an activity belongs to; a new one if there is none yet. */
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

  /**
   * Merges a callback into the login with the same `state`. A callback starts as a flow of its own, because its login
   * is unknown until `state` has been read.
   *
   * @returns the flow of the login, or `flow` if there is no such login
   */
  function mergeByState(flow: Recorded, state: string): Recorded {
    const login = flows.find((one) => one.state === state)
    if (login === undefined || login === flow) {
      flow.state = state
      return flow
    }
    for (const event of flow.events) addEvent(login, event)
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
      if (event.type === 'state') flow = mergeByState(flow, event.state)
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

/** Whether an activity has recorded anything. One that ends without an event, such as reading tokens, is not shown. */
function isKnown(flows: readonly Recorded[], { id }: FlowContext): boolean {
  return flows.some(({ contexts }) => contexts.has(id))
}

/** Adds an event to a flow, and derives the flow's status from it. */
function record(flow: Recorded, { activity }: FlowContext, event: TimedEvent): void {
  if (event.type !== 'end') {
    addEvent(flow, event)
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

/** Adds an event, or counts it if there is no room for it. */
function addEvent(flow: Recorded, event: TimedEvent): void {
  if (flow.events.length < MAXIMUM_EVENTS) flow.events.push(event)
  else flow.dropped += 1
}
