import { Agent, request } from 'undici'
import type { AppAnswer } from './app.js'

/** What came of a request. */
export interface Page {
  /** 0 when no complete answer came; then `body.code` says why. */
  readonly status: number
  readonly location: string
  /** The session's, if a new one came. */
  readonly cookie: string | undefined
  readonly body: AppAnswer
}

/** More patience than a renewal ever needs whose owner was killed: the others wait until its lease ends. */
const PATIENCE_MS = 60_000

const agent = new Agent({
  headersTimeout: PATIENCE_MS,
  bodyTimeout: PATIENCE_MS,
  connectTimeout: 10_000,
})

/** Sends a request. Never rejects. */
export async function askPage(
  url: string,
  method: 'GET' | 'POST',
  sent: Record<string, string>,
): Promise<Page> {
  try {
    const { statusCode, headers, body } = await request(url, {
      method,
      headers: sent,
      dispatcher: agent,
    })
    const text = await body.text()
    const [cookie] = [headers['set-cookie'] ?? []].flat()
    return {
      status: statusCode,
      location: String(headers['location']),
      cookie: cookie?.split(';')[0],
      body: headers['content-type']?.includes('json') ? (JSON.parse(text) as AppAnswer) : {},
    }
  } catch (error) {
    const { code = 'unknown' } = error as { code?: string }
    return { status: 0, location: '', cookie: undefined, body: { code } }
  }
}
