import { AsyncLocalStorage } from 'node:async_hooks'
import type { ShownValue } from './shown-values.js'

/** One thing that happens in a flow, for observers. It holds no secret, only short hashes of some. */
export type FlowEvent =
  /** A browser has sent a request. `values` are the parameters of the authorization response, if it has one. */
  | {
      readonly type: 'visit'
      readonly method: string
      readonly path: string
      readonly values: readonly ShownValue[]
    }
  /** The browser is sent to the provider. */
  | { readonly type: 'redirect'; readonly address: string; readonly values: readonly ShownValue[] }
  /** The hash of the `state`, which a login and its callback have in common. */
  | { readonly type: 'state'; readonly state: string }
  /** A pending login was stored (`put`) or taken (`take`), or the tokens were stored in the session (`keep`). */
  | {
      readonly type: 'store'
      readonly action: 'put' | 'take' | 'keep'
      /** `failed`, `kept`, or the `status` of a `TakenLogin`. */
      readonly result: string
      readonly durationMs: number
    }
  /** A request is sent to the provider. */
  | {
      readonly type: 'request'
      readonly method: string
      readonly address: string
      readonly values: readonly ShownValue[]
    }
  /** The provider's answer came, or `failure` says why none came. */
  | {
      readonly type: 'answer'
      readonly address: string
      readonly status?: number
      readonly failure?: string
      readonly durationMs: number
      readonly values: readonly ShownValue[]
    }
  /** A step of the diagnostics is over. */
  | {
      readonly type: 'step'
      readonly step: string
      readonly outcome: 'ok' | 'refused' | 'failed'
      readonly reason?: string
      readonly message?: string
      readonly oauthError?: string
      readonly durationMs: number
    }
  /** The flow is over. `failure` is the error that ended it, if there was one. */
  | { readonly type: 'end'; readonly failure?: FlowFailure }

/** The error that ended a flow. */
export interface FlowFailure {
  /** The error's `code`, or its `name` if it is not an error of this library. */
  readonly reason: string
  /** `undefined` for errors that are not of this library: their messages may hold a secret. */
  readonly message?: string | undefined
  /** The OAuth error in the provider's answer, such as `invalid_client`. */
  readonly oauthError?: string | undefined
}

/** Identifies the events of one flow: everything that one call of the strategy does, such as a login. */
export interface FlowContext {
  /** Unique in this process. */
  readonly id: number
  /** The strategy's `name`. */
  readonly strategy: string
  /** What the flow does: `logout`, or the step of the diagnostics that it began with, such as `login`. */
  readonly activity: string
}

/** Receives each event. Errors it throws are ignored. */
export type Observer = (context: FlowContext, event: FlowEvent) => void

/** Sends the events of one strategy's flows to its observers. */
export interface Observation {
  /** The observers. Add one to receive events. While there is none, no event is made. */
  readonly observers: Set<Observer>
  /** Runs `work` as part of the current flow, or as a new flow if there is none. */
  within<Value>(activity: string, work: () => Promise<Value>): Promise<Value>
  /** Sends an event of the current flow to the observers. `event` is called only if there are observers and a flow. */
  emit(event: () => FlowEvent | undefined): void
}

/** The current flow. All strategies share it, because one logout can end the grants of several. */
const flows = new AsyncLocalStorage<FlowContext>()

let lastId = 0

/**
 * Creates the observation of a strategy.
 *
 * @param failureOf what observers receive about an error
 */
export function createObservation(
  strategy: string,
  failureOf: (error: unknown) => FlowFailure,
): Observation {
  const observers = new Set<Observer>()

  const emit = (event: () => FlowEvent | undefined): void => {
    if (observers.size === 0) return
    const context = flows.getStore()
    if (context === undefined) return
    try {
      const made = event()
      if (made === undefined) return
      for (const observe of observers) observe(context, made)
    } catch {
      // An observer must not affect the flow.
    }
  }

  return {
    observers,
    within(activity, work) {
      if (observers.size === 0 || flows.getStore() !== undefined) return work()
      lastId += 1
      return flows.run({ id: lastId, strategy, activity }, async () => {
        try {
          const value = await work()
          emit(() => ({ type: 'end' }))
          return value
        } catch (error) {
          emit(() => ({ type: 'end', failure: failureOf(error) }))
          throw error
        }
      })
    },
    emit,
  }
}

/** Where a strategy has its observation: not enumerable, and shared by all copies of this package. */
const OBSERVATION = Symbol.for('passport-authorization-code.observation')

/** Makes {@link observationOf} find the observation of a strategy. */
export function makeObservable(strategy: object, observation: Observation): void {
  Object.defineProperty(strategy, OBSERVATION, { value: observation })
}

/** The strategy's observation, or `undefined` if it is not one of ours. */
export function observationOf(strategy: unknown): Observation | undefined {
  return (Object(strategy) as { readonly [OBSERVATION]?: Observation })[OBSERVATION]
}
