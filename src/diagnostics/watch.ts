import { channel } from 'node:diagnostics_channel'
import createDebug from 'debug'
import type { Debugger } from 'debug'
import { attributesOf, factsOf, failureOf, lineOf, reasonOf, stepEvent } from './describe-event.js'
import type { Conclusion, DiagnosticError, DiagnosticEvent, DiagnosticStep } from './events.js'
import { isMetered, recordStep } from './metrics.js'
import { createObservation } from './observation.js'
import type { FlowEvent, Observation } from './observation.js'
import { inSpan, openTelemetry } from './tracing.js'

/** An async function that can be wrapped. */
type Work<Arguments extends readonly unknown[], Value> = (...given: Arguments) => Promise<Value>

/**
 * The diagnostics of one strategy. Each method wraps a function: the function it returns does the same, and
 * reports what happened if anything receives the report. Otherwise it only calls the wrapped function.
 */
export interface Diagnostics {
  /** Sends events to the strategy's observers. */
  readonly observation: Observation

  /**
   * Reports each call as one step: on the diagnostics channel, in the log of the package `debug`, as a span of
   * OpenTelemetry, and to the observers.
   *
   * @param conclude the outcome of a call that did not throw; `ok` if left out
   */
  readonly watch: <Arguments extends readonly unknown[], Value>(
    step: DiagnosticStep,
    work: Work<Arguments, Value>,
    conclude?: (value: Value) => Conclusion,
  ) => Work<Arguments, Value>

  /**
   * Reports a step without a duration after a call.
   *
   * @param conclude the outcome of the step; `undefined` if this call was not such a step
   */
  readonly reportAfter: <Arguments extends readonly unknown[], Value>(
    step: DiagnosticStep,
    work: Work<Arguments, Value>,
    conclude: (value: Value, ...given: Arguments) => Conclusion | undefined,
  ) => Work<Arguments, Value>

  /** Reports a step without a duration that is not a call. @param error why it has failed */
  readonly report: (step: DiagnosticStep, conclusion: Conclusion, error?: unknown) => void

  /**
   * Makes each call a flow, or a part of the current flow if there is one. `before` and `after` make the events
   * that observers receive before and after the call.
   */
  readonly flow: <Arguments extends readonly unknown[], Value>(
    activity: string,
    work: Work<Arguments, Value>,
    events: {
      readonly before?: (...given: Arguments) => FlowEvent
      readonly after?: (value: Value) => FlowEvent | undefined
    },
  ) => Work<Arguments, Value>

  /** Calls `observed` instead of `work` if there is an observer. */
  readonly observe: <Arguments extends readonly unknown[], Value>(
    work: Work<Arguments, Value>,
    observed: Work<Arguments, Value>,
  ) => Work<Arguments, Value>
}

const NAME = 'passport-authorization-code'
const channelOfSteps = channel(NAME)
const logs = new Map<DiagnosticStep, Debugger>()

/** The log of a step. It is kept, because `debug` creates a new one with each call. */
function logOf(step: DiagnosticStep): Debugger {
  const log = logs.get(step) ?? createDebug(`${NAME}:${step}`)
  logs.set(step, log)
  return log
}

/** Whether spans are recorded. Many applications have the API of OpenTelemetry installed, but no tracer. */
function isTraced(): boolean {
  return openTelemetry().trace !== undefined
}

/**
 * Creates the diagnostics of a strategy.
 *
 * @param strategy its `name`
 */
export function createDiagnostics(strategy: string): Diagnostics {
  const observation = createObservation(strategy, failureOf)
  const { observers } = observation

  /** Whether anything receives the report of this step. */
  function isWatched(step: DiagnosticStep): boolean {
    return (
      channelOfSteps.hasSubscribers ||
      observers.size > 0 ||
      logOf(step).enabled ||
      isTraced() ||
      isMetered()
    )
  }

  function publish(event: DiagnosticEvent): void {
    if (channelOfSteps.hasSubscribers) channelOfSteps.publish(event)
    if (isMetered()) recordStep(event)
    const log = logOf(event.step)
    if (log.enabled) log(lineOf(event))
    observation.emit(() => stepEvent(event))
  }

  /** Runs `work` as a step, in a span and a flow, and publishes its outcome. */
  function runStep<Value>(
    step: DiagnosticStep,
    work: () => Promise<Value>,
    conclude: (value: Value) => Conclusion,
  ): Promise<Value> {
    return observation.within(step, () =>
      inSpan(`${strategy} ${step}`, async (note) => {
        const startedAt = performance.now()
        const report = (conclusion: Conclusion, error?: DiagnosticError): void => {
          const durationMs = performance.now() - startedAt
          const event = { step, strategy, ...conclusion, durationMs, ...(error && { error }) }
          note({ attributes: attributesOf(event), failed: event.outcome === 'failed' })
          publish(event)
        }
        try {
          const value = await work()
          report(conclude(value))
          return value
        } catch (error) {
          report({ outcome: 'failed', reason: reasonOf(error) }, factsOf(error))
          throw error
        }
      }),
    )
  }

  return {
    observation,

    watch(step, work, conclude = () => ({ outcome: 'ok' })) {
      return (...given) =>
        isWatched(step) ? runStep(step, () => work(...given), conclude) : work(...given)
    },

    reportAfter(step, work, conclude) {
      return async (...given) => {
        const value = await work(...given)
        const conclusion = isWatched(step) ? conclude(value, ...given) : undefined
        if (conclusion !== undefined) publish({ step, strategy, ...conclusion, durationMs: 0 })
        return value
      }
    },

    report(step, conclusion, error) {
      if (!isWatched(step)) return
      const facts = factsOf(error)
      publish({ step, strategy, ...conclusion, durationMs: 0, ...(facts && { error: facts }) })
    },

    flow(activity, work, { before, after }) {
      const observed: typeof work = (...given) =>
        observation.within(activity, async () => {
          if (before !== undefined) observation.emit(() => before(...given))
          const value = await work(...given)
          observation.emit(() => after?.(value))
          return value
        })
      return (...given) => (observers.size > 0 ? observed(...given) : work(...given))
    },

    observe(work, observed) {
      return (...given) => (observers.size > 0 ? observed(...given) : work(...given))
    },
  }
}
