import { request } from 'undici'

/** Somebody who follows a stream of server-sent events. */
export interface EventReader {
  /** The data of the next event, parsed. */
  next(): Promise<string>
  /** Waits for data that matches. */
  until(expected: RegExp): Promise<void>
  close(): Promise<void>
}

/** Follows the events at `url`. */
export async function readEvents(url: string): Promise<EventReader> {
  const { statusCode, headers, body } = await request(url)
  if (statusCode !== 200 || !String(headers['content-type']).startsWith('text/event-stream')) {
    throw new Error(`No event stream but HTTP ${statusCode}`)
  }
  const messages = split(body)
  const next = async (): Promise<string> => {
    const { value, done } = await messages.next()
    if (done === true) throw new Error('The stream has ended.')
    return JSON.parse(value) as string
  }
  return {
    next,
    async until(expected) {
      while (!expected.test(await next()));
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
