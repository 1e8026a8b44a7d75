/**
 * A function that does `work` the first time, and returns the same ever after. For modules that are not loaded before they are
 * needed: Node.js asks loader hooks about every `import()`, again each time, and they work in another thread.
 */
export function once<Value>(work: () => Value): () => Value {
  let isDone = false
  let value: Value | undefined
  return () => {
    if (!isDone) {
      isDone = true
      value = work()
    }
    return value as Value
  }
}
