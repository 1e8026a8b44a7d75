import { StorageError, TokenEndpointError } from '../errors/errors.js'
import type { ProviderErrorFacts } from '../errors/errors.js'

/**
 * Runs a command of the ledger's store.
 *
 * @throws {StorageError} if the command fails
 */
export async function storeCommand<Value>(command: () => Promise<Value>): Promise<Value> {
  try {
    return await command()
  } catch (error) {
    throw error instanceof StorageError ? error : new StorageError('Reaching the ledger', error)
  }
}

/**
 * A failed renewal as text, for the callers that wait in other processes. It has the facts of a
 * {@link TokenEndpointError}. It leaves out every `cause`, and every other error's message: they may hold secrets.
 */
export function writeFailure(error: unknown): string {
  if (!(error instanceof TokenEndpointError))
    return JSON.stringify({ message: 'The renewal failed in another process.' })
  const { message, phase, httpStatus, networkCode, error: code, errorDescription } = error
  return JSON.stringify({
    message,
    facts: { phase, httpStatus, networkCode, error: code, errorDescription },
  })
}

/** The error that {@link writeFailure} has made a text of, for a waiting caller to throw. */
export function readFailure(failure: string): Error {
  const { message, facts } = JSON.parse(failure) as { message: string; facts?: ProviderErrorFacts }
  return facts === undefined
    ? new StorageError('Renewing the tokens in another process', new Error(message))
    : new TokenEndpointError(message, facts)
}
