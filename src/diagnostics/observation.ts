import { AsyncLocalStorage } from 'node:async_hooks'
import type { ShownValue } from './shown-values.js'

/** What happens in a flow, fit to be shown: no secret is in it, only short hashes of some. */
export type FlowEvent =
  /** A browser has asked for something. `values` are the parameters of an authorization response. */
  | {
      readonly type: 'visit'
      readonly method: string
      readonly path: string
      readonly values: readonly ShownValue[]
    }
  /** The browser is sent to the provider. */
  | { readonly type: 'redirect'; readonly address: string; readonly values: readonly ShownValue[] }
  /** The hash of the `state` by which a login and its callback belong together. */
  | { readonly type: 'state'; readonly state: string }
  /** The store of pending logins was asked; or, with `keep`, the tokens were put into the session. */
  | {
      readonly type: 'store'
      readonly action: 'put' | 'take' | 'keep'
      /** `failed`, or what was found. */
      readonly result: string
      readonly durationMs: number
    }
  /** A request goes to the provider. */
  | {
      readonly type: 'request'
      readonly method: string
      readonly address: string
      readonly values: readonly ShownValue[]
    }
  /** The answer came, or `failure` says why it did not. */
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
  /** What the flow was begun for is over, without an error if there is no `failure`. */
  | { readonly type: 'end'; readonly failure?: FlowFailure }

/** The error that ended a flow. */
export interface FlowFailure {
  /** The error's `code`, or its `name` when it is not one of ours. */
  readonly reason: string
  /** `undefined` for errors that are not ours, which may say anything. */
  readonly message?: string | undefined
  /** What the provider has answered with, such as `invalid_client`. */
  readonly oauthError?: string | undefined
}

/** What belongs together: everything that one call of the strategy does. */
export interface FlowContext {
  /** Unique in this process. */
  readonly id: number
  /** The strategy's `name`. */
  readonly strategy: string
  /** What the flow was begun for: `logout`, or a step of the diagnostics, such as `login`. */
  readonly activity: string
}

/** Receives each event. Errors it throws are ignored. */
export type Observer = (context: FlowContext, event: FlowEvent) => void

/** What observers of one strategy can see. */
export interface Observation {
  /** Who receives the events; without observers, no event is made. */
  readonly observers: Set<Observer>
  /** Runs `work` as part of the flow that is going on, else as a flow of its own. */
  within<Value>(activity: string, work: () => Promise<Value>): Promise<Value>
  /** Hands an event of the current flow to the observers. It is made only if there are observers and a flow. */
  tell(event: () => FlowEvent | undefined): void
}

/** Shared by all strategies: logging out of one session ends the grants of several. */
const flows = new AsyncLocalStorage<FlowContext>()

let lastId = 0

/** @param failureOf what may be said of an error */
export function createObservation(
  strategy: string,
  failureOf: (error: unknown) => FlowFailure,
): Observation {
  const observers = new Set<Observer>()

  const tell = (event: () => FlowEvent | undefined): void => {
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
          tell(() => ({ type: 'end' }))
          return value
        } catch (error) {
          tell(() => ({ type: 'end', failure: failureOf(error) }))
          throw error
        }
      })
    },
    tell,
  }
}

const observations = new WeakMap<object, Observation>()

/** Lets {@link observationOf} find the observation of a strategy, without a member on the strategy itself. */
export function makeObservable(strategy: object, observation: Observation): void {
  observations.set(strategy, observation)
}

/** The strategy's observation, or `undefined` if it is not one of ours. */
export function observationOf(strategy: object): Observation | undefined {
  return observations.get(strategy)
}
