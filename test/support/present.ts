/** The value, which a test knows to be there. */
export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('There is none.')
  return value
}
