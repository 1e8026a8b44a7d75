import type { Counter, Histogram, MeterProvider } from '@opentelemetry/api'
import type { DiagnosticEvent } from './events.js'
import { openTelemetry, TRACER_NAME } from './tracing.js'

/** The instruments of the application's present meter. */
interface Instruments {
  readonly steps: Counter
  readonly durations: Histogram
}

let instruments: Instruments | undefined

/** Whether metrics are recorded. Many applications have the API of OpenTelemetry installed, but no meter. */
export function isMetered(): boolean {
  return openTelemetry().metrics !== undefined
}

/**
 * Counts a step, and measures how long it took. The attributes are the strategy, the step, its outcome and reason, which
 * have few values each: of a strategy that is one of many, such as a tenant's, the name up to the colon.
 *
 * @see [OpenTelemetry, Metrics API](https://opentelemetry.io/docs/specs/otel/metrics/api/)
 */
export function recordStep({ strategy, step, outcome, reason, durationMs }: DiagnosticEvent): void {
  const { metrics } = openTelemetry()
  if (metrics === undefined) return
  const { steps, durations } = (instruments ??= createInstruments(metrics))
  const attributes = {
    'passport_authorization_code.strategy': strategy.replace(/:.*/s, ''),
    'passport_authorization_code.step': step,
    'passport_authorization_code.outcome': outcome,
    ...(reason !== undefined && { 'passport_authorization_code.reason': reason }),
  }
  steps.add(1, attributes)
  if (durationMs > 0) durations.record(durationMs / 1000, attributes)
}

function createInstruments(metrics: MeterProvider): Instruments {
  const meter = metrics.getMeter(TRACER_NAME)
  return {
    steps: meter.createCounter('passport_authorization_code.steps', {
      description: 'Steps of logins and of what follows, such as renewals and ended grants.',
      unit: '{step}',
    }),
    durations: meter.createHistogram('passport_authorization_code.step.duration', {
      description: 'How long steps took.',
      unit: 's',
    }),
  }
}
