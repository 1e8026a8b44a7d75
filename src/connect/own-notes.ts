import type { SealedNotes } from '../grants/sealed-notes.js'

/** The notes of one `connectResources`, of several that store in the same place. No names of the core begin like theirs. */
export function ownNotes(name: string, notes: SealedNotes): SealedNotes {
  const own = (rest: string): string => `connect/${name}/${rest}`
  return {
    read: (note) => notes.read(own(note)),
    look: (note) => notes.look(own(note)),
    write: (note, was, value, ttlMs) => notes.write(own(note), was, value, ttlMs),
    link: (list, id, ttlMs) => notes.link(own(list), id, ttlMs),
    linked: (list, limit, after) => notes.linked(own(list), limit, after),
    each: (list) => notes.each(own(list)),
    unlink: (list, ids) => notes.unlink(own(list), ids),
    reseal: (note) => notes.reseal(own(note)),
  }
}
