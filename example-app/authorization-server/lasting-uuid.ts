import { createHash } from 'node:crypto'

/** An identifier that is the same whenever the same name comes back. */
export function lastingUUID(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  const part = (from: number, to: number) => hex.slice(from, to)
  return `${part(0, 8)}-${part(8, 12)}-8${part(13, 16)}-a${part(17, 20)}-${part(20, 32)}`
}
