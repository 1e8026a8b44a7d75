import type { ServerResponse } from 'node:http'

/** Whether nothing more can be sent: the response has ended, or the browser has gone away. */
export function isOver({ writableEnded, closed, destroyed }: ServerResponse): boolean {
  return writableEnded || closed || destroyed
}

/** Calls `work` as soon as nothing more can be sent: at once if that is so already. Says whether an answer has begun. */
export function onceOver(
  response: ServerResponse | undefined,
  work: (wasAnswered: boolean) => void,
): void {
  if (response === undefined) return
  const tell = (): void => work(response.headersSent)
  if (isOver(response)) tell()
  else response.once('close', tell)
}
