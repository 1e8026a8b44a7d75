/** Remembers, for all processes, which sessions were destroyed. The grants of a strategy are one. */
export interface SessionEnds {
  /**
   * Remembers that a session was destroyed.
   *
   * @param sessionId the session's id, as the session cookie has it
   * @param keepMs for how long at least, in **milliseconds**
   */
  endSession(sessionId: string, keepMs: number): Promise<void>

  /** Whether the session was destroyed, by any process. */
  isSessionEnded(sessionId: string): Promise<boolean>
}
