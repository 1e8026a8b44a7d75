import { hash } from 'node:crypto'
import { StorageError } from '../errors/errors.js'
import { createSeal } from '../lib/sealing.js'
import type { Seal } from '../lib/sealing.js'
import type { EnrolledLogin, GrantState } from '../options/ledger.js'

/** The id of a grant's record. The grant cannot be computed from it. */
export function recordIdOf(grant: string): string {
  return hash('sha256', `ledger record of ${grant}`, 'base64url')
}

/**
 * The seal of a grant's record. Its key is the grant, which only the session holds: the store cannot open the
 * record.
 */
export function sealOf(grant: string): Seal {
  return createSeal(grant, 'ledger')
}

/**
 * Opens a grant's record.
 *
 * @throws {StorageError} if the record does not open: it was changed in the store
 */
export async function openRecord(sealed: string, seal: Seal, id: string): Promise<GrantState> {
  const state = await Promise.resolve(seal.open(sealed, id))
  if (state === undefined)
    throw new StorageError('Opening the ledger record', new Error('it was changed'))
  return state as GrantState
}

/** A login in a group. It has the id of the grant's record, and not the grant, so it cannot open the record. */
export interface Member extends EnrolledLogin {
  /** The id of the grant's record. */
  readonly record: string
  /** When the person was authenticated, in **milliseconds since the epoch**. */
  readonly since: number
}

/**
 * The id of a group, and the seal of its members.
 *
 * Both are derived from the group's name, which contains the person's `sub` and can perhaps be guessed. An
 * attacker who guesses it and reads the store learns session ids. They are useless without the secret that
 * signs the session cookies. There is no token among the members.
 */
export function groupOf(group: string): { readonly id: string; readonly seal: Seal } {
  const key = hash('sha256', `key of ledger group ${group}`, 'base64url')
  return {
    id: hash('sha256', `ledger group ${group}`, 'base64url'),
    seal: createSeal(key, 'ledger'),
  }
}

/**
 * Opens a member of a group.
 *
 * @throws {StorageError} if the member does not open: it was changed in the store
 */
export async function openMember(sealed: string, seal: Seal, group: string): Promise<Member> {
  const member = await Promise.resolve(seal.open(sealed, group))
  if (member === undefined)
    throw new StorageError('Opening a login in the ledger', new Error('it was changed'))
  return member as Member
}
