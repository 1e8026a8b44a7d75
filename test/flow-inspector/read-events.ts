import { request } from 'undici'

/** What one event tells. */
export interface Change {
  /** The flows that are still remembered, the newest first. */
  readonly ids: readonly number[]
  /** The flows that have changed, the oldest first, as HTML. */
  readonly items: readonly string[]
}

/** Somebody who follows a stream of server-sent events. */
export interface EventReader {
  next(): Promise<Change>
  /** The next change in which a flow matches. */
  until(expected: RegExp): Promise<Change>
  close(): Promise<void>
}

/** Follows the events at `url`. */
export async function readEvents(url: string): Promise<EventReader> {
  const { statusCode, headers, body } = await request(url)
  if (statusCode !== 200 || !String(headers['content-type']).startsWith('text/event-stream')) {
    throw new Error(`No event stream but HTTP ${statusCode}`)
  }
  const messages = split(body)
  const next = async (): Promise<Change> => {
    const { value, done } = await messages.next()
    if (done === true) throw new Error('The stream has ended.')
    return JSON.parse(value) as Change
  }
  return {
    next,
    async until(expected) {
      for (;;) {
        const change = await next()
        if (change.items.some((item) => expected.test(item))) return change
      }
    },
    async close() {
      body.on('error', () => undefined)
      body.destroy()
      await Promise.resolve()
    },
  }
}

async function* split(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, data] = /^data: (.*)$/m.exec(block) ?? []
      if (data !== undefined) yield data
    }
  }
}
