import type { ServerResponse } from 'node:http'

/** Whether nothing more can be sent: the response has ended, or the browser has gone away. */
export function isOver({ writableEnded, closed, destroyed }: ServerResponse): boolean {
  return writableEnded || closed || destroyed
}
