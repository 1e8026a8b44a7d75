import { channel } from 'node:diagnostics_channel'
import createDebug from 'debug'
import type { Debugger } from 'debug'
import { attributesOf, factsOf, failureOf, lineOf, reasonOf, stepEvent } from './describe-event.js'
import type { Conclusion, DiagnosticError, DiagnosticEvent, DiagnosticStep } from './events.js'
import { createObservation } from './observation.js'
import type { FlowEvent, Observation } from './observation.js'
import { inSpan, openTelemetry, TRACER_NAME } from './tracing.js'

/** An async function that can be wrapped. */
type Work<Arguments extends readonly unknown[], Value> = (...given: Arguments) => Promise<Value>

/**
 * The diagnostics of one strategy. Each method wraps a function and returns one that does the same, and
 * reports it while somebody watches. What is wrapped does not know of it.
 */
export interface Diagnostics {
  readonly observation: Observation

  /**
   * Reports each call as one step: on the channel, in the log of the package `debug`, and as a span.
   *
   * @param conclude how a call has ended that did not throw; `ok` if left out
   */
  readonly watch: <Arguments extends readonly unknown[], Value>(
    step: DiagnosticStep,
    work: Work<Arguments, Value>,
    conclude?: (value: Value) => Conclusion,
  ) => Work<Arguments, Value>

  /**
   * Reports a step that takes no time, after each call of which `conclude` says that the step happened.
   */
  readonly reportAfter: <Arguments extends readonly unknown[], Value>(
    step: DiagnosticStep,
    work: Work<Arguments, Value>,
    conclude: (value: Value, ...given: Arguments) => Conclusion | undefined,
  ) => Work<Arguments, Value>

  /** Makes each call a flow, or a part of the flow that it happens in, with an event before and after it. */
  readonly flow: <Arguments extends readonly unknown[], Value>(
    activity: string,
    work: Work<Arguments, Value>,
    events: {
      readonly before?: (...given: Arguments) => FlowEvent
      readonly after?: (value: Value) => FlowEvent | undefined
    },
  ) => Work<Arguments, Value>

  /** Calls `observed` instead of `work` while there is an observer. */
  readonly observe: <Arguments extends readonly unknown[], Value>(
    work: Work<Arguments, Value>,
    observed: Work<Arguments, Value>,
  ) => Work<Arguments, Value>
}

const NAME = 'passport-authorization-code'
const channelOfSteps = channel(NAME)
const logs = new Map<DiagnosticStep, Debugger>()

function logOf(step: DiagnosticStep): Debugger {
  const log = logs.get(step) ?? createDebug(`${NAME}:${step}`)
  logs.set(step, log)
  return log
}

/** Whether spans go anywhere. Many applications have the API of OpenTelemetry and trace nothing. */
function isTraced(): boolean {
  if (openTelemetry === undefined) return false
  const { trace, ProxyTracerProvider } = openTelemetry
  const provider = trace.getTracerProvider()
  return (
    !(provider instanceof ProxyTracerProvider) ||
    provider.getDelegateTracer(TRACER_NAME) !== undefined
  )
}

/** Creates the diagnostics of the strategy of this name. */
export function createDiagnostics(strategy: string): Diagnostics {
  const observation = createObservation(strategy, failureOf)
  const { observers } = observation

  function isWatched(step: DiagnosticStep): boolean {
    return channelOfSteps.hasSubscribers || observers.size > 0 || logOf(step).enabled || isTraced()
  }

  function publish(event: DiagnosticEvent): void {
    if (channelOfSteps.hasSubscribers) channelOfSteps.publish(event)
    const log = logOf(event.step)
    if (log.enabled) log(lineOf(event))
    observation.tell(() => stepEvent(event))
  }

  function perform<Value>(
    step: DiagnosticStep,
    work: () => Promise<Value>,
    conclude: (value: Value) => Conclusion,
  ): Promise<Value> {
    return observation.within(step, () =>
      inSpan(`${strategy} ${step}`, async (note) => {
        const startedAt = performance.now()
        const tell = (conclusion: Conclusion, error?: DiagnosticError): void => {
          const durationMs = performance.now() - startedAt
          const event = { step, strategy, ...conclusion, durationMs, ...(error && { error }) }
          note({ attributes: attributesOf(event), failed: event.outcome === 'failed' })
          publish(event)
        }
        try {
          const value = await work()
          tell(conclude(value))
          return value
        } catch (error) {
          tell({ outcome: 'failed', reason: reasonOf(error) }, factsOf(error))
          throw error
        }
      }),
    )
  }

  return {
    observation,

    watch(step, work, conclude = () => ({ outcome: 'ok' })) {
      return (...given) =>
        isWatched(step) ? perform(step, () => work(...given), conclude) : work(...given)
    },

    reportAfter(step, work, conclude) {
      return async (...given) => {
        const value = await work(...given)
        const conclusion = isWatched(step) ? conclude(value, ...given) : undefined
        if (conclusion !== undefined) publish({ step, strategy, ...conclusion, durationMs: 0 })
        return value
      }
    },

    flow(activity, work, { before, after }) {
      const observed: typeof work = (...given) =>
        observation.within(activity, async () => {
          if (before !== undefined) observation.tell(() => before(...given))
          const value = await work(...given)
          observation.tell(() => after?.(value))
          return value
        })
      return (...given) => (observers.size > 0 ? observed(...given) : work(...given))
    },

    observe(work, observed) {
      return (...given) => (observers.size > 0 ? observed(...given) : work(...given))
    },
  }
}
