import { connect } from 'node:net'

/** What came back before the connection closed, or the time was up. */
export interface Received {
  /** Everything, as Latin-1 text: also the answers to smuggled requests. */
  readonly text: string
  /** Those of all answers. */
  readonly statuses: readonly number[]
  /** Whether the application closed the connection. */
  readonly isClosed: boolean
}

/**
 * Sends bytes on a connection of their own and collects all that comes.
 *
 * @param limitMs how long to wait for the end, in **milliseconds**
 */
export function sendBytes(origin: string, bytes: Buffer, limitMs: number): Promise<Received> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    const chunks: Buffer[] = []
    const finish = (isClosed: boolean): void => {
      clearTimeout(timer)
      socket.resetAndDestroy()
      const text = Buffer.concat(chunks).toString('latin1')
      resolve({ text, statuses: statusesIn(text), isClosed })
    }
    const timer = setTimeout(() => finish(false), limitMs)
    socket.on('data', (chunk) => chunks.push(chunk))
    // An application may refuse a request before all of it has come.
    socket.on('error', () => finish(true))
    socket.on('end', () => finish(true))
    socket.on('close', () => finish(true))
  })
}

function statusesIn(text: string): number[] {
  return [...text.matchAll(/(?:^|\n|})HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
}

/** The lines of a name in the first answer's head. */
export function headerLines({ text }: Received, name: string): readonly string[] {
  const [head = ''] = text.split('\r\n\r\n', 1)
  const prefix = `${name}:`
  return head
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(prefix))
    .map((line) => line.slice(prefix.length).trim())
}
