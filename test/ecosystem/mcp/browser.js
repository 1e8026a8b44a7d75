/** How many redirects a browser follows in a row. */
const MAXIMUM_REDIRECTS = 10

/** A browser of one person: it keeps cookies, follows redirects, and presses the button of a page. */
export function createBrowser() {
  /** The cookies of each origin. */
  const cookies = new Map()

  async function send(url, { headers, ...init }) {
    const { origin } = new URL(url)
    const kept = cookies.get(origin) ?? new Map()
    const cookie = [...kept].map((pair) => pair.join('=')).join('; ')
    const answer = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: { accept: 'text/html', ...headers, ...(cookie !== '' && { cookie }) },
    })
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';')
      const [name, value] = pair.split(/=(.*)/s)
      kept.set(name, value)
    }
    cookies.set(origin, kept)
    return answer
  }

  /** Goes to an address, and where that leads to. Resolves to the page at the end. */
  async function visit(url, init = { headers: { 'sec-fetch-site': 'none' } }) {
    let answer = await send(url, init)
    for (let followed = 0; answer.headers.has('location'); followed++) {
      if (followed === MAXIMUM_REDIRECTS) throw new Error(`${url} leads in circles`)
      await answer.body?.cancel()
      url = new URL(answer.headers.get('location'), url).href
      answer = await send(url, { headers: { 'sec-fetch-site': 'cross-site' } })
    }
    return { url, status: answer.status, text: await answer.text() }
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
