/**
 * A function that calls `load` the first time, and returns the same promise ever after. For modules that are not loaded before they
 * are needed: Node.js asks loader hooks about every `import()`, again each time, and they work in another thread.
 */
export function once<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let loaded: Promise<Value> | undefined
  return () => (loaded ??= load())
}
