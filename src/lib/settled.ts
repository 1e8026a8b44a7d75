/** Whether a value is a promise, or is used like one. */
export function isThenable(value: unknown): boolean {
  return typeof (Object(value) as { readonly then?: unknown }).then === 'function'
}

/** The value. If it is a promise where none is expected, its rejection does not end the process. */
export function settled<Value>(value: Value): Value {
  if (isThenable(value)) void Promise.resolve(value).catch(() => undefined)
  return value
}
