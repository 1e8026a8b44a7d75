import type * as OpenTelemetry from '@opentelemetry/api'
import { createRequire } from 'node:module'

/** The name of our tracer in OpenTelemetry. */
export const TRACER_NAME = 'passport-authorization-code'

/** What the span of a step says once it is over. */
export interface SpanEnd {
  /** Names start with `passport_authorization_code.`, but for those that OpenTelemetry has a name for. */
  readonly attributes: Readonly<Record<string, string | number | undefined>>
  /** Whether the span counts as an error. */
  readonly failed: boolean
}

/**
 * Does `work` inside a span of OpenTelemetry, so that the HTTP requests it makes become the span's
 * children. What `work` notes at its end goes into the span. Without OpenTelemetry in the application,
 * there is only the work.
 *
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

/** The application's own API of OpenTelemetry; `undefined` if it has none. */
export const openTelemetry = findOpenTelemetry()

// Not a dependency: a copy of our own would not be the one that the application's SDK is registered with.
function findOpenTelemetry(): typeof OpenTelemetry | undefined {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as typeof OpenTelemetry
  } catch {
    return undefined
  }
}
