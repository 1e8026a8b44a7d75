/** Holds whoever comes to it until the test opens it, so that a test chooses the order of things. */
export interface Gate {
  /** Resolves when somebody has come to the gate. */
  readonly reached: Promise<void>
  /** Waits until the gate is open. */
  readonly pass: () => Promise<void>
  readonly open: () => void
}

/** Creates a gate that is closed. */
export function createGate(): Gate {
  let arrive: () => void = () => undefined
  let open: () => void = () => undefined
  const reached = new Promise<void>((resolve) => (arrive = resolve))
  const opened = new Promise<void>((resolve) => (open = resolve))
  return {
    reached,
    pass: () => {
      arrive()
      return opened
    },
    open: () => open(),
  }
}
