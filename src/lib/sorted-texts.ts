/** How many texts a chunk has at the most. */
const LONGEST_CHUNK = 512

/** Texts in their order. However many there are, adding or removing one moves a few hundred others at the most. */
export interface SortedTexts {
  /** Adds a text that is not there. */
  readonly add: (text: string) => void
  /** Removes a text that is there. */
  readonly remove: (text: string) => void
  /** The texts that come after `text`, or all of them. Not to be used any more after a change. */
  readonly after: (text?: string) => Iterable<string>
}

/** Creates {@link SortedTexts}. */
export function createSortedTexts(): SortedTexts {
  /** None is empty, except that there is always one. */
  const chunks: string[][] = [[]]

  /** The chunk that has the text, or would have it. */
  function chunkOf(text: string): number {
    const isBefore = (chunk: readonly string[]): boolean => (chunk[0] ?? '') <= text
    return Math.max(0, countWhile(chunks, isBefore) - 1)
  }

  return {
    add(text) {
      const at = chunkOf(text)
      const chunk = chunks[at] ?? []
      chunk.splice(placeOf(text, chunk), 0, text)
      if (chunk.length > LONGEST_CHUNK) chunks.splice(at + 1, 0, chunk.splice(LONGEST_CHUNK / 2))
    },

    remove(text) {
      const at = chunkOf(text)
      const chunk = chunks[at] ?? []
      chunk.splice(placeOf(text, chunk), 1)
      if (chunk.length === 0 && chunks.length > 1) chunks.splice(at, 1)
    },

    *after(text) {
      const first = text === undefined ? 0 : chunkOf(text)
      for (let at = first; at < chunks.length; at++) {
        const chunk = chunks[at] ?? []
        const from = text === undefined || at > first ? 0 : placeOf(text, chunk)
        for (let place = from; place < chunk.length; place++) {
          const one = chunk[place] ?? ''
          if (one !== text) yield one
        }
      }
    },
  }
}

/** Where `text` is in a sorted list, or where it would be. */
function placeOf(text: string, sorted: readonly string[]): number {
  return countWhile(sorted, (one) => one < text)
}

/** How many items at the beginning of the list are such. None after them is. */
function countWhile<Item>(items: readonly Item[], isSuch: (item: Item) => boolean): number {
  let [from, to] = [0, items.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (isSuch(items[middle] as Item)) from = middle + 1
    else to = middle
  }
  return from
}
