/** Accounts whose numbers follow each other. */
export interface Accounts {
  readonly first: number
  readonly count: number
}

/**
 * The account at a place. Places that follow each other are far apart in the store, as people are who come one after the
 * other, and none of `count` places has the account of another.
 */
export function accountAt({ first, count }: Accounts, place: number): string {
  return `account-${first + ((place * strideFor(count)) % count)}`
}

/** About the golden section of `count`, without a common divisor. */
function strideFor(count: number): number {
  let stride = Math.max(1, Math.round(count * 0.618))
  while (greatestCommonDivisor(stride, count) > 1) stride += 1
  return stride
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other)
}
