import type { MeterProvider, SpanStatus, TracerProvider } from '@opentelemetry/api'

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
 * span. If no tracer is registered, it only runs `work`.
 *
 * @param work receives a function that writes the outcome into the span
 * @see [OpenTelemetry, Trace API](https://opentelemetry.io/docs/specs/otel/trace/api/)
 */
export function inSpan<Value>(
  name: string,
  work: (note: (end: SpanEnd) => void) => Promise<Value>,
): Promise<Value> {
  const { trace } = openTelemetry()
  if (trace === undefined) return work(() => undefined)
  return trace.getTracer(TRACER_NAME).startActiveSpan(name, async (span) => {
    const note = ({ attributes, failed }: SpanEnd): void => {
      span.setAttributes(attributes)
      if (failed) span.setStatus(FAILED)
    }
    try {
      return await work(note)
    } finally {
      span.end()
    }
  })
}

/** `SpanStatusCode.ERROR` of `@opentelemetry/api`. */
const FAILED = { code: 2 } as unknown as SpanStatus

/** What the application's SDK of OpenTelemetry has registered. */
interface Registered {
  readonly trace?: TracerProvider
  readonly metrics?: MeterProvider
}

/** Where all copies of `@opentelemetry/api` 1 keep what is registered. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1')

/**
 * What the application has registered with OpenTelemetry so far. Read from where `@opentelemetry/api` keeps it, and not
 * imported: without the package an import would fail, and a `require` finds nothing in an application that was bundled.
 */
export function openTelemetry(): Registered {
  const { [REGISTRY]: registered = {} } = globalThis as { readonly [REGISTRY]?: Registered }
  return registered
}
