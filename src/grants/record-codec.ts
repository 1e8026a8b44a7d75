import { StorageError } from '../errors/setup-errors.js'
import type { Seal } from '../lib/sealing.js'
import { RECORD_FORMAT } from './grant-record.js'
import type { GrantRecord } from './grant-record.js'

/** Turns records into the text that a store keeps, and back. */
export interface RecordCodec {
  /** @param id the record's id, to which the text is bound */
  readonly write: (record: GrantRecord, id: string) => string
  /** @throws {StorageError} saying why the text cannot be read, without any part of it */
  readonly read: (text: string, id: string) => GrantRecord
}

/**
 * Seals records and binds them to their id: a record that is copied to another id does not open.
 *
 * @param onForeign called with each record that was sealed with a secret that is not among those of this process
 */
export function sealedRecords(seal: Seal, onForeign: () => void = () => undefined): RecordCodec {
  return {
    write: (record, id) => seal.seal(record, id),
    read(text, id) {
      const record = seal.open(text, id)
      if (record === undefined) {
        const isForeign = seal.isForeign(text)
        if (isForeign) onForeign()
        const reason = isForeign
          ? 'it was sealed with a secret that is not among the secrets of this process'
          : 'it was changed, or belongs to another id'
        throw new StorageError(OPENING, undefined, reason, 'developer')
      }
      return checked(record)
    },
  }
}

const OPENING = 'Opening a grant'

/** Records in clear, for a store in this process's memory. */
export const clearRecords: RecordCodec = {
  write: (record) => JSON.stringify(record),
  read: (text) => checked(JSON.parse(text)),
}

function checked(record: unknown): GrantRecord {
  const { format } = Object(record) as { readonly format?: unknown }
  if (format === RECORD_FORMAT) return record as GrantRecord
  // A process of the newer version can answer when the request comes again.
  throw new StorageError(
    OPENING,
    undefined,
    `it has the format ${typeof format === 'number' ? format : 'of something else'}, and this version of the package knows ${RECORD_FORMAT}: a newer version has written it, and must handle the request`,
  )
}
