import { hash } from 'node:crypto'

/** The id under which the store has a grant's record. */
export function grantKey(id: string): string {
  return `grant/${id}`
}

/** The id of the grant whose record has this id in the store; `undefined` if it is not a grant's. */
export function grantIdIn(key: string): string | undefined {
  return key.startsWith('grant/') ? key.slice('grant/'.length) : undefined
}

/** The id under which the store has a sealed note. */
export function noteKey(name: string): string {
  return `note/${name}`
}

/** The name of the note whose record has this id in the store; `undefined` if it is not a note's. */
export function noteNameIn(key: string): string | undefined {
  return key.startsWith('note/') ? key.slice('note/'.length) : undefined
}

/** The id under which the store has that something counts once, such as a callback. */
export function claimKey(id: string): string {
  return `claim/${id}`
}

/** The id under which the store has that a session was destroyed. The session's id cannot be computed from it. */
export function endedSessionKey(sessionId: string): string {
  return `session/${hash('sha256', sessionId, 'base64url')}`
}

/** The id under which the store has that everything in the index `name` has ended. */
export function endedNameKey(name: string): string {
  return `ended/${name}`
}
