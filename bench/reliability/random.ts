/** Numbers from 0 up to 1 that look random and come again with the same seed. */
export type Random = () => number

/** Mulberry32: small, and even enough to choose whom to disturb when. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A number from `least` up to `most`. */
export function between(random: Random, least: number, most: number): number {
  return least + random() * (most - least)
}

/** One of several. */
export function oneOf<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new Error('There is nothing to choose from.')
  return item
}
