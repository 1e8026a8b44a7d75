import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/** How many redirects a browser follows in a row. */
const MAXIMUM_REDIRECTS = 10

/** A browser of one person: it keeps cookies, follows redirects, and presses the button of a page. */
export function createBrowser() {
  /** The cookies of each origin. */
  const cookies = new Map()

  // fetch says that it is a script (Sec-Fetch-Mode: cors), whatever it is told.
  async function send(url, { method = 'GET', headers, body }) {
    const { origin } = new URL(url)
    const kept = cookies.get(origin) ?? new Map()
    const cookie = [...kept].map((pair) => pair.join('=')).join('; ')
    const sent = request(url, {
      method,
      headers: {
        ...{ accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
        ...headers,
        ...(cookie !== '' && { cookie }),
        ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
    })
    sent.end(body?.toString())
    const [answer] = await once(sent, 'response')
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair] = line.split(';')
      const [name, value] = pair.split(/=(.*)/s)
      kept.set(name, value)
    }
    cookies.set(origin, kept)
    const { location } = answer.headers
    return { status: answer.statusCode, location, text: await text(answer) }
  }

  /** Goes to an address, and where that leads to. Resolves to the page at the end. */
  async function visit(url, init = { headers: { 'sec-fetch-site': 'none' } }) {
    let answer = await send(url, init)
    for (let followed = 0; answer.location !== undefined; followed++) {
      if (followed === MAXIMUM_REDIRECTS) throw new Error(`${url} leads in circles`)
      url = new URL(answer.location, url).href
      answer = await send(url, { headers: { 'sec-fetch-site': 'cross-site' } })
    }
    return { url, status: answer.status, text: answer.text }
  }

  return {
    visit,

    /** Presses the only button of a page, which posts to the page's own address. */
    async press({ url, status, text }) {
      const [, form] = /<form method="post">(.*?)<button>/.exec(text) ?? []
      if (form === undefined) {
        throw new Error(`There is no button on ${url}, which answered ${status}:\n${text}`)
      }
      const headers = { origin: new URL(url).origin, 'sec-fetch-site': 'same-origin' }
      const hidden = form.matchAll(/name="([^"]+)" value="([^"]*)"/g)
      const body = new URLSearchParams([...hidden].map(([, name, value]) => [name, value]))
      return visit(url, { method: 'POST', headers, body })
    },
  }
}
