import type * as OpenTelemetry from '@opentelemetry/api'
import { createRequire } from 'node:module'

/** The name of our tracer in OpenTelemetry. */
export const TRACER_NAME = 'passport-authorization-code'

/** What is written into the span of a step when the step is over. */
export interface SpanEnd {
  /** By name. A name starts with `passport_authorization_code.`, unless OpenTelemetry defines one for the fact. */
  readonly attributes: Readonly<Record<string, string | number | undefined>>
  /** Whether the span counts as an error. */
  readonly failed: boolean
}

/**
 * Runs `work` in an OpenTelemetry span. The spans of the HTTP requests that it makes become children of this
 * span. If the application does not have OpenTelemetry, it only runs `work`.
 *
 * @param work receives a function that writes the outcome into the span
 * @see [OpenTelemetry, Trace API](https://opentelemetry.io/docs/specs/otel/trace/api/)
 */
export function inSpan<Value>(
  name: string,
  work: (note: (end: SpanEnd) => void) => Promise<Value>,
): Promise<Value> {
  if (openTelemetry === undefined) return work(() => undefined)
  const { trace, SpanStatusCode } = openTelemetry
  return trace.getTracer(TRACER_NAME).startActiveSpan(name, async (span) => {
    const note = ({ attributes, failed }: SpanEnd): void => {
      span.setAttributes(attributes)
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
    }
    try {
      return await work(note)
    } finally {
      span.end()
    }
  })
}

/** The application's `@opentelemetry/api`; `undefined` if it is not installed. */
export const openTelemetry = findOpenTelemetry()

// It is not a dependency, because the application's SDK registers with the application's copy, not with ours.
function findOpenTelemetry(): typeof OpenTelemetry | undefined {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as typeof OpenTelemetry
  } catch {
    return undefined
  }
}
