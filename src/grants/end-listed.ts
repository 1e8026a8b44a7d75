/** A record that has ended, as far as its indexes matter. */
interface Ended {
  readonly of: { readonly names: readonly string[]; readonly outlivesLogin?: boolean | undefined }
}

interface Unlinks {
  readonly unlink: (id: string, names: readonly string[]) => Promise<void>
}

/**
 * Ends a record, and takes it out of its indexes if they can be reached: a link that stays lists nothing. `undefined` if it
 * had ended before, or is not meant.
 *
 * @param isMeant looks at the record as the store has it
 * @throws {StorageError} if the record cannot be read
 */
export async function endListed<Record extends Ended, Present>(
  id: string,
  parts: {
    readonly engine: {
      readonly end: (
        id: string,
        isMeant?: (record: Present) => boolean,
      ) => Promise<Record | undefined>
    }
    readonly index: Unlinks
  },
  isMeant?: (record: Present) => boolean,
): Promise<Record | undefined> {
  const ended = await parts.engine.end(id, isMeant)
  if (ended !== undefined) await unlinkEnded(id, ended, parts.index).catch(() => undefined)
  return ended
}

/** Takes a record that has ended out of its indexes if its id never returns. @throws {StorageError} */
export async function unlinkEnded(
  id: string,
  { of: { names, outlivesLogin } }: Ended,
  index: Unlinks,
): Promise<void> {
  if (!outlivesLogin) await index.unlink(id, names)
}
