import { NotConnectableError } from '../errors/connection-errors.js'

/**
 * Calls `work`, unless too much of the same person is under way: what one person has entered must not hold up the others.
 *
 * @throws {NotConnectableError} if too much is
 */
export type FairShare = <Value>(account: string, work: () => Promise<Value>) => Promise<Value>

/** Creates a {@link FairShare} of `maximum` at once for each person. */
export function createFairShare(maximum: number): FairShare {
  const underWay = new Map<string, number>()

  return async (account, work) => {
    const others = underWay.get(account) ?? 0
    if (others >= maximum) {
      throw new NotConnectableError('too_many', 'Wait until the other servers have been looked at.')
    }
    underWay.set(account, others + 1)
    try {
      return await work()
    } finally {
      const left = (underWay.get(account) ?? 1) - 1
      if (left === 0) underWay.delete(account)
      else underWay.set(account, left)
    }
  }
}
