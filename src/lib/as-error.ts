/** What somebody else's code has failed with, as an error: it may be anything. @param otherwise the message, if it is none */
export function asError(error: unknown, otherwise: string): Error {
  return error instanceof Error ? error : new Error(otherwise, { cause: error })
}
